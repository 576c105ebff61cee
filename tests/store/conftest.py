"""Stores to test on: a temporary folder, and S3 as moto serves it on loopback, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import s3fs

from datasync.store.bucket import Bucket
from datasync.store.files import Folder, Store, connect

# One request at a time: moto looks before it writes, and two requests at once could both see nothing there. S3 cannot.
# Its clock is ahead by as many seconds as a file says: the times of its files and the Date of its answers go by that.
SERVER = """
import pathlib, sys, time
from datetime import timedelta
from moto.s3 import models
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ahead = lambda: float(pathlib.Path(sys.argv[1]).read_text())
right = models.utcnow
models.utcnow = lambda: right() + timedelta(seconds=ahead())


class Handler(WSGIRequestHandler):
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + ahead())


application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=False, request_handler=Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="session")
def s3_ahead_by(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the seconds that the clock of S3 is ahead by; a test that changes it makes it 0 again."""
    file = tmp_path_factory.mktemp("s3") / "ahead"
    file.write_text("0")
    return file


@pytest.fixture
def set_s3_clock(s3_ahead_by: Path) -> Iterator[Callable[[datetime], None]]:
    """Sets the clock of S3 for the rest of a test."""

    def set_clock(now: datetime) -> None:
        s3_ahead_by.write_text(str((now - datetime.now(UTC)).total_seconds()))

    yield set_clock
    s3_ahead_by.write_text("0")


@pytest.fixture(scope="session")
def s3(s3_ahead_by: Path) -> Iterator[dict[str, object]]:
    """``store_options`` of an S3 with an empty bucket called shop."""
    given = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    command = [sys.executable, "-c", SERVER, str(s3_ahead_by)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            options = {"client_kwargs": {"endpoint_url": f"http://127.0.0.1:{int(server.stdout.readline())}"}}
            s3fs.S3FileSystem(**options, skip_instance_cache=True).mkdir("shop")
            yield options
        finally:
            server.kill()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@pytest.fixture(params=["folder", "s3"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Opens the same new store again and again, each time as another process would: on a folder, and on S3."""
    if request.param == "folder":
        return lambda: Folder(str(tmp_path / "store"))
    options, root = request.getfixturevalue("s3"), f"s3://shop/{uuid.uuid4().hex}"
    return lambda: Bucket(root, options)


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    """A new store, on a folder and on S3."""
    return reopen()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A new store in a folder."""
    return Folder(str(tmp_path / "store"))


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for stores in folders."""
    opened = connect(Folder(str(tmp_path)))
    yield opened
    opened.close()
