"""A PostgreSQL of the tests' own: Debian's server on loopback, its data in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

USER, PASSWORD = "shop", "s3cr@t/word"  # what has to be encoded in a URL
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "unix_socket_directories": ""}


@dataclass
class PostgreSQL:
    """A running server; every test makes itself a database."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    numbers: Iterator[int]

    def database(self, encoding: str = "UTF8") -> Database:
        name = f"shop_{next(self.numbers)}"
        Database(self, "postgres").run(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        return Database(self, name)


@dataclass(frozen=True)
class Database:
    """One database of the server, and the ways to name it."""

    server: PostgreSQL
    name: str

    def run(self, *statements: str) -> list[Any]:
        """Execute statements, each committed by itself; gives the rows of the last one, if it has some."""
        with self.connection() as con:
            for statement in statements:
                found = con.execute(statement)
            return found.fetchall() if found.description else []

    def connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.server.port, user=USER, password=PASSWORD, dbname=self.name, autocommit=True,
            client_encoding="UTF8",
        )  # fmt: skip

    def uri(self, kind: str = "postgres") -> str:
        """The connection as AIRFLOW_CONN_<NAME> holds it."""
        return f"{kind}://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.server.port}/{self.name}"


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """Start a server and end it; as root it runs as another user, for PostgreSQL refuses to run as root."""
    programs, user = _programs(), _user()
    # The tests' own TMPDIR lets nobody else in, and the server of a root is somebody else's
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp" if user else None))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user:
            shutil.chown(folder, user)
            shutil.chown(secret, user)
        as_user: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        made = [programs / "initdb", "-D", folder / "data", "-U", USER, "-A", "scram-sha-256", "--pwfile", secret]
        subprocess.run(
            [*made, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd=folder, **as_user,
        )  # fmt: skip
        server = _started(programs, folder, as_user)
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(programs: Path, folder: Path, as_user: dict[str, Any]) -> PostgreSQL:
    port = _free_port()
    options = [f"-c{name}={value}" for name, value in QUICK.items()]
    command = [programs / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), *options]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **as_user)
    for _ in range(300):
        if subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        else:
            return PostgreSQL(port, folder, process, count(1))
    raise AssertionError((folder / "log").read_text())


def _programs() -> Path:
    """Where PostgreSQL's server programs are: on the PATH, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))
    assert versions, "There is no PostgreSQL server here: scripts/postgres.sh installs Debian's."
    return versions[-1].parent


def _user() -> str | None:
    """The user a root has the server run as; None for anyone else, who runs it."""
    if os.geteuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
