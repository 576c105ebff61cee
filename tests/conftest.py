"""What holds for every test: none is skipped in silence; and the servers that tests of several folders need."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator

import pytest

from tests import postgres as server
from tests import pulling, searchserver

pytest_plugins = ["tests.costs", "tests.schedule"]


def _count_a_skip_as_failed(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Fail what was skipped, for it has shown nothing; an expected failure (xfail) is no skip."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"A skipped test counts as failed. {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _count_a_skip_as_failed(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _count_a_skip_as_failed(report)
    return report


@pytest.fixture(scope="session", autouse=True)
def _own_tmpdir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A TMPDIR of this process's own: what others leave under the machine's is not counted."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("tmp"))
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def _close_desks() -> Iterator[None]:
    yield
    pulling.close_connections()


@pytest.fixture(scope="session")
def postgres() -> Iterator[server.PostgreSQL]:
    """A PostgreSQL server for the tests of this process."""
    with server.running() as started:
        yield started


@pytest.fixture(scope="session")
def opensearch() -> Iterator[searchserver.OpenSearch]:
    """A real OpenSearch for the tests of this process."""
    with searchserver.running() as started:
        yield started
