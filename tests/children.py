"""Work in a child process that may be killed: for tests that are their own subprocess and fork for every kill."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

KILLED = 9


def in_a_child(work: Callable[[], dict[str, Any]], described: str) -> dict[str, Any] | None:
    """What some work gives in a process of its own, which has to be JSON; None if it was killed."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reads)
            answer = json.dumps(work()).encode()
            with os.fdopen(writes, "wb") as pipe:
                pipe.write(answer)
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, KILLED, -KILLED):
        raise RuntimeError(f"The child of {described} ended with {status}")
    return json.loads(answer) if status == 0 else None
