"""A source's budget holds over all processes of a machine, and nobody who died keeps a part of it."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid

from datasync.web.rate_limit import RateLimiter

ASK = """
import sys, time
from datasync.web.rate_limit import RateLimiter
pace = RateLimiter(sys.argv[1], 20, 2)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(5):
    pace.wait_turn()
    print(time.monotonic(), flush=True)
"""
HOLD = """
import sys, time
from datasync.web.rate_limit import RateLimiter
with RateLimiter(sys.argv[1], None, 1).slot():
    print("held", flush=True)
    time.sleep(60)
"""


def started(code: str, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_two_processes_share_the_requests_of_a_second() -> None:
    name = uuid.uuid4().hex
    both = [started(ASK, name) for _ in range(2)]
    assert [one.stdout and one.stdout.readline() for one in both] == ["ready\n"] * 2
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    moments = sorted(float(line) for one in both for line in one.communicate()[0].split())
    assert len(moments) == 10
    assert moments[-1] - moments[0] >= 9 / 20 - 0.02


def test_a_source_without_a_rate_is_not_held_up() -> None:
    pace, began = RateLimiter(uuid.uuid4().hex, None, 1), time.monotonic()
    for _ in range(1000):
        pace.wait_turn()
    assert time.monotonic() - began < 1


def test_a_slot_is_free_again_when_its_process_is_killed() -> None:
    name = uuid.uuid4().hex
    holder = started(HOLD, name)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    began = time.monotonic()
    waiting = started(HOLD, name)
    time.sleep(0.5)
    assert waiting.poll() is None
    holder.kill()
    assert waiting.stdout is not None and waiting.stdout.readline() == "held\n"
    assert time.monotonic() - began > 0.5
    waiting.kill()
    for one in (holder, waiting):
        one.communicate()


def test_a_moment_of_before_the_machine_started_anew_holds_nobody_up() -> None:
    pace, began = RateLimiter(uuid.uuid4().hex, 1, 1), time.monotonic()
    next(pace._folder.parent.glob(pace._folder.name)).joinpath("moment").write_text(repr(began + 1e6))
    pace.wait_turn()
    assert time.monotonic() - began < 1
