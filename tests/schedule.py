"""In which order the tests run, which files share a worker, and which of them `--fast` leaves out.

With two workers, the time of a run is that of the longer one. So what takes long begins first, and what needs a server
or an import that takes seconds stays with one worker. Two workers take groups of files in the order of the collection.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

AIRFLOW = "tests/dags/"
TOGETHER = (  # what they need takes seconds to make, so each of these groups stays with one worker
    (AIRFLOW,),  # Airflow's import and its database
    ("tests/report/test_counted.py", "tests/report/test_product.py", "tests/report/test_words.py"),  # report/rich.py
    ("tests/services/test_opensearch",),  # a server that takes seconds to start
    (
        "tests/services/test_rebuild",
        "tests/repair/test_read_back.py",
    ),  # another one: on one worker it would be too long
)
LONG_ONES = (  # the costliest first, as tests/costs.py prints them
    AIRFLOW,
    "tests/test_histories.py",
    "tests/services/test_opensearch",
    "tests/services/test_rebuild",
    "tests/services/test_plugin.py",
    "tests/services/test_sql_contract.py",
    "tests/test_clocks.py",
    "tests/report/test_page.py",
    "tests/test_disks.py",
    "tests/test_erp_exports.py",
    "tests/report/test_search.py",
    "tests/sources/test_database.py",
    "tests/test_crashes.py",
    "tests/repair/",
    "tests/services/test_sql",
    "tests/report/",
)
FAST = {  # what `make test-fast` runs: no browser, no Airflow, no server of a database; a minute on two quiet cores
    "tests/report/test_health.py",
    "tests/report/test_index.py",
    "tests/report/test_queries.py",
    "tests/services/test_feed.py",
    "tests/sources/test_csv_scan.py",
    "tests/sources/test_gunzip.py",
    "tests/sources/test_http.py",
    "tests/sources/test_json_numbers.py",
    "tests/sources/test_lines.py",
    "tests/sources/test_pace.py",
    "tests/sources/test_parquet.py",
    "tests/sources/test_spool.py",
    "tests/sources/test_standins.py",
    "tests/store/test_holds.py",
    "tests/store/test_overlay.py",
    "tests/store/test_runs.py",
    "tests/store/test_scratch.py",
    "tests/store/test_tickets.py",
    "tests/test_architecture.py",
    "tests/test_connection.py",
    "tests/test_expression.py",
    "tests/test_forms.py",
    "tests/test_grouping.py",
    "tests/test_names.py",
    "tests/test_product.py",
    "tests/test_pull.py",
    "tests/test_reading.py",
    "tests/test_secrets.py",
    "tests/test_settings.py",
    "tests/test_transfer.py",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only the files that take little time and need no server")


def pytest_configure(config: pytest.Config) -> None:
    """Let every group begin in the order of the collection; xdist would begin with the one that has most tests."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``--fast``, leave out what is not in FAST; its modules are not even imported."""
    if not config.getoption("fast") or not collection_path.is_relative_to(config.rootpath / "tests"):
        return None
    name = str(collection_path.relative_to(config.rootpath))
    within = collection_path.is_dir() and any(f"{file}/".startswith(f"{name}/") for file in FAST)
    return None if within or name in FAST else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones first."""
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """With ``--dist loadfile``: a file is run by one worker, and so is a group of TOGETHER."""
    return ByGroup(config, log) if config.getoption("dist") == "loadfile" else None


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of one group are run by one worker, one after another."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """What stays together with a test: its file, or its group of TOGETHER."""
    return next((names[0] for names in TOGETHER if nodeid.startswith(names)), nodeid.partition("::")[0])


def _place(nodeid: str) -> int:
    return next((place for place, name in enumerate(LONG_ONES) if nodeid.startswith(name)), len(LONG_ONES))
