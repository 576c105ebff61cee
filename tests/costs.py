"""What the tests of each file cost: CPU seconds of their process and of the processes that it waited for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable

import pytest

KEY = "cpu_seconds"
_SHOWN = 25  # files: the rest are cheap


def cpu_seconds() -> float:
    """CPU seconds of this process so far, with those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note when a test begins; what its session needs once counts as its own."""
    item.stash[_BEGAN] = cpu_seconds()
    return (yield)


_BEGAN = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the cost along with the report of a test's end, which reaches the process that prints."""
    report = yield
    if call.when == "teardown":
        report.user_properties.append((KEY, cpu_seconds() - item.stash[_BEGAN]))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the costliest files first."""
    reports = [one for stat in terminalreporter.stats.values() for one in stat if isinstance(one, pytest.TestReport)]
    costs = by_file(reports)
    if len(costs) < 2:
        return
    terminalreporter.section(f"CPU seconds by file: {sum(costs.values()):.0f} in all")
    for file, seconds in costs.most_common(_SHOWN):
        terminalreporter.write_line(f"{seconds:7.1f}  {file}")


def by_file(reports: Iterable[pytest.TestReport]) -> Counter[str]:
    """CPU seconds by test file."""
    costs: Counter[str] = Counter()
    for report in reports:
        costs[report.nodeid.partition("::")[0]] += sum(value for key, value in report.user_properties if key == KEY)
    return costs
