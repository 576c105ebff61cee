"""What the tests of each file cost: CPU seconds of their process and of the processes that it started.

What a server or a browser of the session spends counts for the test that it works for, not for the last one of all.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress

import pytest

KEY = "cpu_seconds"
_SHOWN = 25  # files: the rest are cheap


def cpu_seconds() -> float:
    """CPU seconds so far of this process and of what it started, whether that has ended or still runs."""
    times = os.times()
    ended = times.user + times.system + times.children_user + times.children_system
    return ended + sum(map(_ticks, _descendants(os.getpid()))) / os.sysconf("SC_CLK_TCK")


def _descendants(process: int) -> Iterator[int]:
    """The processes that run below a process, as Linux tells them; elsewhere none."""
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                children = [int(number) for number in file.read().split()]
            for child in children:
                yield child
                yield from _descendants(child)


def _ticks(process: int) -> int:
    """The CPU time of a process and of those that it waited for, in the kernel's ticks; 0 once it has gone."""
    with suppress(OSError), open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
    return 0


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
        spent = cpu_seconds() - item.stash[_BEGAN]
        report.user_properties.append((KEY, max(spent, 0)))  # a browser that ends takes its children's time along
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
