"""The shell: the same steps as the DAGs, without Airflow. ``datasync --help`` lists the commands and the exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from datasync import secrets
from datasync.cli.parser import parser
from datasync.cli.screen import tell, unforeseen
from datasync.errors import DatasyncError
from datasync.pipeline import utc_now
from datasync.store.files import Clock

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, clock: Clock = utc_now) -> int:
    """Run one command and return its exit code; every error of ours is one sentence on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a catalog speaks more languages than some terminals
            stream.reconfigure(errors="backslashreplace")
    try:
        secrets.guard_logs()
        args = parser().parse_args(argv)
        code: int = args.command(args, clock)
        sys.stdout.flush()
    except DatasyncError as error:
        tell(f"datasync: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        tell("datasync: interrupted; what was finished stands, the next run does the rest.")
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads has seen enough; Python must not complain when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        unforeseen(error)
        tell("datasync: this was not foreseen. The lines above say where it happened.")
        return 1
    return code
