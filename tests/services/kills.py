"""Transfers into a real OpenSearch and a real PostgreSQL, each in a process that is killed at a random moment.

    python -m tests.services.kills --number 300 --seed 1 --minutes 60 --services opensearch sql

Each kill is aimed at one of four windows, which begin with the process, the intent, the request and the answer, and
comes at random within it; where it hit is looked up afterwards. Sometimes the request is held up in the network, and
comes before or after the next transfer; sometimes the catalog has become what it was, or another one, before that.
After each kill a single further transfer, by which nothing goes wrong, has to make the service equal to the catalog,
SKU by SKU and hash by hash; an audit of everything finds no difference, and the figures have nothing due and nothing
unexplained. Prints how often each window was hit; the exit code is 1 where something was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from datasync.delivery.audit import audit
from tests import postgres, searchserver
from tests.line import Line, Record, product
from tests.services import faults, places, sender
from tests.services.contract import GUARD, NAME, Case, Place
from tests.services.faults import ALWAYS
from tests.services.sender import Senders
from tests.sources import databases

WINDOWS = (
    "before the intent",
    "between intent and request",
    "between request and answer",
    "between answer and record",
    "after the record",
)
AT_THE_SERVER = 2
PRODUCTS = 60
PATIENCE = 180.0


@dataclass
class Kills:
    """Kills of the transfers to one service. ``lengths`` are how long each window is open, in seconds."""

    case: Case
    senders: Senders
    random: random.Random
    lengths: list[float] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    catalogs: list[list[Record]] = field(default_factory=list)
    late: int = 0
    missed: int = 0
    rounds: int = 0

    def begin(self) -> None:
        """Deliver a few times without a kill, and measure the windows."""
        measured = []
        for _ in range(3):
            self._change()
            self._start("pass")
            times = [time.monotonic(), *(self._reached(window) for window in range(1, len(WINDOWS)))]
            assert self.senders.ended() == 0
            measured.append([later - earlier for earlier, later in pairwise(times)])
            self._transferred()
        self.lengths = [statistics.median(lengths) for lengths in zip(*measured, strict=True)]

    def kill(self, target: int) -> bool:
        """One kill, aimed at a window, and what has to be so after the next transfer. False if the transfer was
        quicker.
        """
        self.rounds += 1
        self._change()
        is_held = target == AT_THE_SERVER and self.random.random() < 2 / 3
        process = self._start(self.random.choice(["hold", "hold_answer"]) if is_held else "pass")
        self._reached(target)
        time.sleep(self.random.uniform(0, 0.05 if is_held else self.lengths[target]))
        with suppress(ProcessLookupError):
            if self._window() < len(WINDOWS) - 1:  # it has not ended yet
                os.kill(process, signal.SIGKILL)
        was_killed, window = self.senders.ended() == -signal.SIGKILL, self._window()
        self.hits[WINDOWS[window]] += was_killed
        self.missed += not was_killed
        self.lengths[target] *= 0.8 if window > target else 1.1
        self._after(is_held)
        return was_killed

    def _after(self, is_held: bool) -> None:
        proxy = self.case.place.faults
        comes_late = is_held and self.random.random() < 1 / 2 and isinstance(self.case.place, places.Index)
        self.late += comes_late
        proxy.clear()
        if not comes_late:
            proxy.release()
        self.case.confirm()
        if (goes_on := self.random.choice(["as it is", "back", "on"])) != "as it is":
            self._change(*self.catalogs[-2:-1] if goes_on == "back" else ())
        self._transferred()
        if comes_late:
            proxy.release()
            self._confirm_equal()

    def _transferred(self) -> None:
        self.case.place.faults.clear()
        self.case.line.transfer(NAME, run=f"mends-{self.rounds}")
        self._confirm_equal()

    def _confirm_equal(self) -> None:
        case = self.case
        case.confirm()
        held = {sku: hash_ for sku, (hash_, _) in case.place.holds().items()}
        wanted = case.wanted()
        assert held == wanted, f"of {len(wanted)} products {len(held.items() & wanted.items())} are there"
        figures = case.line.figures(NAME)
        assert (figures.due, figures.removals_due, figures.unexplained) == (0, 0, 0), figures
        case.line.passes(seconds=1)
        note = audit(case.line._delivery(NAME, f"audit-{self.rounds}"), is_full=True)
        assert (note.absent, note.different, note.foreign, note.perhaps) == (0, 0, 0, 0), note.sentence
        assert note.there == note.held == len(wanted), note.sentence

    def _change(self, *catalog: list[Record]) -> None:
        """Another catalog, if none is named: some products are new, some changed, some gone."""
        chosen = self.random.sample(range(PRODUCTS), self.random.randint(PRODUCTS // 3, PRODUCTS))
        self.catalogs.append(catalog[0] if catalog else [self._product(number) for number in chosen])
        self.case.line.read(self.catalogs[-1])

    def _product(self, number: int) -> Record:
        return product(f"S-{number}", f"Version {self.random.randint(1, 3)}")

    def _start(self, fault: str) -> int:
        """Begin a transfer in a process; what becomes of its request is marked in the proxy's log."""
        self.case.place.faults.reset()
        self.entry = self.case.line.entries(NAME)
        self.case.fault(fault, 1 if fault != "pass" else ALWAYS, seconds=PATIENCE)
        return self.senders.start(self.case.line, NAME, self.case.place.options)

    def _reached(self, window: int) -> float:
        """Wait until a window has begun; gives the moment."""
        until = time.monotonic() + PATIENCE
        while self._window() < window:
            assert time.monotonic() < until, f"no transfer came to the window {WINDOWS[window]!r}"
            time.sleep(0.0005)
        return time.monotonic()

    def _window(self) -> int:
        """In which window the transfer is: how many of its events have been."""
        if self._has(self.entry + 2):
            return 4
        if not self._has(self.entry + 1):
            return 0
        marked = [seen for seen in self.case.place.faults.log() if seen["fault"]]
        return 1 if not marked else 3 if "answered" in marked[-1] else AT_THE_SERVER

    def _has(self, number: int) -> bool:
        return Path(self.case.line.store.url(self.case.line.log(NAME).path(number))).exists()


def kill_many(kills: Kills, number: int, until: float = float("inf")) -> Iterator[int]:
    """So many kills, aimed at each window as often as at the others, counted; no more begin after ``until``."""
    kills.begin()
    targets = [window % (len(WINDOWS) - 1) for window in range(number)]
    kills.random.shuffle(targets)
    for target in targets:
        if time.monotonic() > until:
            return
        while not kills.kill(target):
            pass
        yield kills.hits.total()


def table(all_kills: Mapping[str, Kills]) -> str:
    """How often each window was hit, by service."""
    width = max(map(len, WINDOWS))
    rows = {name: [kills.hits[name] for kills in all_kills.values()] for name in WINDOWS}
    rows["all"] = [kills.hits.total() for kills in all_kills.values()]
    rows["a request that came late"] = [kills.late for kills in all_kills.values()]
    rows["ended before the kill"] = [kills.missed for kills in all_kills.values()]
    lines = [f"{'killed':{width}}" + "".join(f"{service:>12}" for service in all_kills)]
    lines += [f"{name:{width}}" + "".join(f"{number:>12,}" for number in numbers) for name, numbers in rows.items()]
    return "\n".join(lines)


def line_to(place: Place, folder: Path, requests: Mapping[str, Any], deliveries: str) -> Case:
    """A line to a place, as a case of the contract has it."""
    return Case(Line(folder, guard=GUARD, **{NAME: place.options}), place, deliveries, requests)


@contextmanager
def _opensearch(folder: Path) -> Iterator[Case]:
    with searchserver.running() as server, faults.before(int(server.url.rpartition(":")[2])) as proxy:
        yield line_to(places.index(server, proxy, folder), folder, {}, places.BULK)


@contextmanager
def _sql(folder: Path) -> Iterator[Case]:
    with postgres.running() as server, faults.before(server.port, speaks="bytes") as proxy:
        place = places.table(databases.made("postgresql", server, folder), proxy, folder, "postgresql")
        yield line_to(place, folder, places.COMMIT, "")


SERVICES = {"opensearch": _opensearch, "sql": _sql}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill transfers at random, and look whether anything was lost.")
    parser.add_argument("--number", type=int, default=300, help="kills in all (default: 300)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default: 1)")
    parser.add_argument("--minutes", type=float, default=600.0, help="no kill begins later")
    parser.add_argument("--services", nargs="+", choices=sorted(SERVICES), default=sorted(SERVICES))
    options = parser.parse_args(argv)
    began, all_kills = time.monotonic(), dict[str, Kills]()
    with tempfile.TemporaryDirectory() as folder, sender.forking() as senders:
        for number, service in enumerate(options.services, 1):
            until = began + 60 * options.minutes * number / len(options.services)
            all_kills[service] = _killed(service, options, Path(folder) / service, senders, until)
    _say(f"\n{table(all_kills)}\n")
    _say("After each of them a single transfer made the service equal to the catalog: no difference in the audit,")
    _say(f"nothing due, nothing unexplained. Seed {options.seed}, {time.monotonic() - began:,.0f} s.")
    return 0


def _killed(service: str, options: argparse.Namespace, folder: Path, senders: Senders, until: float) -> Kills:
    folder.mkdir()
    share = -(-options.number // len(options.services))
    with ExitStack() as stack:
        case = stack.enter_context(SERVICES[service](folder))
        kills = Kills(case, senders, random.Random(f"{options.seed} {service}"))
        try:
            for count in kill_many(kills, share, until):
                if count % 10 == 0:
                    _say(f"{service}: {count} of {share}, nothing lost")
        except KeyboardInterrupt:
            _say(f"{service}: stopped after {kills.hits.total()} of {share}")
        except BaseException:
            _say(f"{service}: lost at kill {kills.rounds} of seed {options.seed}.\n{table({service: kills})}")
            raise
    return kills


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
