"""An S3 to read from, moto's server on loopback; and a connection to read files with."""

from __future__ import annotations

import os
from collections.abc import Iterator

import duckdb
import httpx
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from datasync.store.files import Folder, connect


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One for all tests of a file, with one thread."""
    with connect(Folder("")) as connected:
        connected.execute("SET threads = 1")
        yield connected


@pytest.fixture(scope="module")
def s3_options() -> Iterator[dict[str, object]]:
    """``options`` of a source on an S3 that has a bucket called exports."""
    given = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    httpx.post(
        f"http://{host}:{port}/moto-api/reset"
    ).raise_for_status()  # its state is the process's, not the server's
    options: dict[str, object] = {"client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    s3fs.S3FileSystem(**options, skip_instance_cache=True).mkdir("exports")
    yield options
    server.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
