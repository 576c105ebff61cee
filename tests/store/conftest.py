"""Stores to test on: a temporary folder, and S3 as moto serves it on loopback, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import s3fs

from datasync.store.bucket import Bucket
from datasync.store.files import Folder, Store, connect

# One request at a time: moto looks before it writes, and two requests at once could both see nothing there. S3 cannot.
SERVER = """
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, object]]:
    """``store_options`` of an S3 with an empty bucket called shop."""
    given = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    command = [sys.executable, "-c", SERVER]
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
