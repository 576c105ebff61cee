"""A secret that Airflow or the shell knows appears in nothing that a run leaves behind, at DEBUG, in no form."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import s3fs
import yaml
from moto.server import ThreadedMotoServer

from tests.dags.conftest import ROOT
from tests.dags.planted import ENDED
from tests.searching import shows, texts
from tests.sources.standins.server import started
from tests.sources.test_mistakes import CLIENT, KEYS

DSN = "p4ss/wörd+planted"
S3 = {
    "AWS_ACCESS_KEY_ID": "AKIDPLANTED000000001",
    "AWS_SECRET_ACCESS_KEY": "s3/secret+planted/00001",
    "AWS_SESSION_TOKEN": "s3-session-planted+2=3==",
}
PLANTED = [
    "password-planted",
    CLIENT["client_secret"],
    "token-planted-",
    *KEYS.values(),
    DSN,
    "login-planted-0815",
    "extra-planted-4711",
    "userinfo-planted",
    *S3.values(),
]
NEVER_SENT = {"userinfo-planted", "extra-planted-4711"}  # of a host that is refused, and of a header that nobody knows


@dataclass(frozen=True)
class Left:
    """What one run of `catalog_sync` and of `publish_report` left, by where it stands."""

    shown: Mapping[str, list[str]]
    names: str

    def secrets(self) -> set[str]:
        return {secret for found in self.shown.values() for secret in found}


class Planted:
    """Airflow with a secret in every place; its runs leave task logs, a database, words in the shell, stores and sites.

    One Airflow serves both runs. A run is told apart by its store, its site, and the files that it wrote or changed.
    """

    def __init__(self, folder: Path, bucket: str, program: subprocess.Popen[str]) -> None:
        self.folder, self.bucket, self.program = folder, bucket, program
        self.searched: dict[Path, tuple[int, int]] = {}

    def run(self, how: str) -> Left:
        """Run both DAGs, and search what is new."""
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        settings = write_settings(self.folder, self.bucket, how)
        print(settings, how, file=self.program.stdin, flush=True)
        lines: list[str] = []
        for line in self.program.stdout:
            lines.append(line)
            if line.strip() == ENDED:
                break
        shell = "".join(lines)
        assert lines[-1].strip() == ENDED, shell[-4000:]
        assert "state failed" in shell  # some sources refuse
        fetch(self.bucket, how, self.folder / how / "store")
        found = [*self.new_texts(), ("shell", shell)]
        shown = {place: hit for place, text in found if (hit := shows(text, *PLANTED))}
        return Left(shown, "\n".join(place for place, _ in found))

    def new_texts(self) -> Iterator[tuple[str, str]]:
        """Every file that came or changed since the last search, and its text."""
        states = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in self.folder.rglob("*")}
        same = {path for path, state in states.items() if self.searched.get(path) == state}
        self.searched = states
        yield from ((str(path), text) for path, text in texts(self.folder, without=same))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("planted")
    with ExitStack() as stack:
        bucket = stack.enter_context(Exports())
        sites = {
            "barred": (stack.enter_context(started("tests.sources.standins.akeneo")), 400),
            "refusing": (stack.enter_context(started("tests.sources.standins.akeneo")), 400),
            "parroting": (stack.enter_context(started("tests.sources.standins.adobe_commerce")), 200),
        }
        sites["barred"][0].tell("set", {"repeats_login": True})
        for site, status in sites.values():
            site.tell("fill", {"count": 3})
            site.fault("echo", status=status, times=200)
        database = stack.enter_context(RepeatingDatabase())
        reached = connections({name: site.url for name, (site, _) in sites.items()}, database.port)
        settings = {"DATASYNC_SETTINGS": str(write_settings(folder, bucket, "masked"))}
        environment = {**os.environ, **airflow(folder), **settings, **S3, "AWS_DEFAULT_REGION": "us-east-1", **reached}
        command, pipe = [sys.executable, "-m", "tests.dags.planted"], subprocess.PIPE
        program = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )
        with program:
            yield Planted(folder, bucket, program)
            program.communicate()  # its input ends, and so does it
        assert program.returncode == 0


@pytest.fixture(scope="module")
def masked(planted: Planted) -> Left:
    return planted.run("masked")


@pytest.fixture(scope="module")
def unmasked(planted: Planted, masked: Left) -> Left:
    """After the masked run, for the masks stay away."""
    return planted.run("unmasked")


def airflow(folder: Path) -> dict[str, str]:
    """Airflow's settings: a home of its own, every log at DEBUG."""
    home = folder / "home"
    home.mkdir()
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys = {
        "API__PORT": str(port),
        "API_AUTH__JWT_SECRET": "0" * 64,
        "CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "CORE__DEFAULT_TASK_RETRY_DELAY": "0",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__EXECUTOR": "tests.dags.executor.EndingExecutor",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "4",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "LOGGING__LOGGING_LEVEL": "DEBUG",
    }
    mine = {f"AIRFLOW__{key}": value for key, value in keys.items()}
    return {**mine, "AIRFLOW_HOME": str(home), "NO_PROXY": "*"}


def connections(urls: Mapping[str, str], port: int) -> dict[str, str]:
    """The connections, with a secret in each of their fields."""
    client = {**CLIENT, "headers": {"X-Api-Key": "extra-planted-4711"}}
    pim = {"conn_type": "http", "login": "sync", "password": "password-planted", "extra": client}
    shop = {"conn_type": "http", "login": "", "extra": KEYS}
    erp = {"host": "127.0.0.1", "port": port, "login": "login-planted-0815", "schema": "erp"}
    written: dict[str, Any] = {
        "barred": {**pim, "host": urls["barred"]},
        "refusing": {**pim, "host": urls["refusing"]},
        "parroting": {**shop, "host": urls["parroting"]},
        "astray": {**pim, "host": "https://sync:userinfo-planted@127.0.0.1:9/?token=extra-planted-4711"},
        "erp": {**erp, "conn_type": "postgres", "password": DSN},
    }
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(given) for name, given in written.items()}


def write_settings(folder: Path, bucket: str, how: str) -> Path:
    """The settings of a run, with a store and a site of its own."""
    pim, view = {"channel": "ecommerce", "locale": "en_US"}, {"store_view": "default"}
    addresses: dict[str, Mapping[str, str]] = {"barred": pim, "refusing": pim, "astray": pim}
    addresses |= {"parroting": view, "erp": {"table": "t"}}
    kinds = {"channel": "akeneo", "store_view": "adobe-commerce", "table": "sql"}
    sources: dict[str, Any] = {
        name: {"kind": kinds[next(iter(address))], "connection": name} for name, address in addresses.items()
    }
    endpoint = {"client_kwargs": {"endpoint_url": bucket}}
    settings = {
        "store": f"s3://exports/{how}",
        "store_options": endpoint,
        "site": str(folder / how / "site"),
        "sources": {**sources, "exports": {"kind": "files", "options": endpoint}},
        "scopes": {
            **{name: {"source": name, **address} for name, address in addresses.items()},
            "files": {"source": "exports", "path": "s3://exports/in/*.jsonl"},
        },
        "services": {"search": {"accepts": [{"rule": "status = 'enabled'", "otherwise": "It is disabled"}]}},
    }
    file = folder / how / "datasync.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    return file


class Exports:
    """An S3 with an export whose name, and whose broken records, repeat what opens the bucket."""

    def __enter__(self) -> str:
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        self.server.start()
        host, port = self.server.get_host_and_port()
        url = f"http://{host}:{port}"
        secret = S3["AWS_SECRET_ACCESS_KEY"]
        records = [{"sku": secret, "description": secret}, {"sku": "A"}, {"sku": "B", "name": "b"}]
        files = filesystem(url)
        files.call_s3("create_bucket", Bucket="exports")
        lines = "".join(json.dumps(record) + "\n" for record in records) + f'{{"sku": "C", {secret}\n'
        files.pipe(f"exports/in/{S3['AWS_SESSION_TOKEN']}.jsonl", lines.encode())
        return url

    def __exit__(self, *_: object) -> None:
        self.server.stop()


class RepeatingDatabase:
    """What speaks PostgreSQL just far enough to be sent a password, and repeats it in its refusal."""

    def __enter__(self) -> RepeatingDatabase:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                with client, suppress(OSError):
                    self.refuse(client)

    def refuse(self, client: socket.socket) -> None:
        while int.from_bytes(client.recv(1024)[4:8]) in (80877103, 80877104):  # SSL or GSS are asked for
            client.sendall(b"N")
        client.sendall(b"R" + struct.pack("!ii", 8, 3))  # a password in plain text
        sent = client.recv(1024)[5:].rstrip(b"\0")
        fields = b"SFATAL\0C28P01\0M" + b"password authentication failed, you sent " + sent + b"\0\0"
        client.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)


def filesystem(url: str) -> s3fs.S3FileSystem:
    options = {"client_kwargs": {"endpoint_url": url, "region_name": "us-east-1"}, "key": "test", "secret": "test"}
    return s3fs.S3FileSystem(**options, skip_instance_cache=True)


def fetch(url: str, how: str, folder: Path) -> None:
    """Bring the store of a run here, to be searched."""
    filesystem(url).get(f"exports/{how}", str(folder), recursive=True)


PLACES = ("/task_id=scope.pull/", "airflow.db", "/store/catalog/", "/store/snapshots/", "/store/quarantine/", "/site/")


def test_what_is_planted_is_found_nowhere(masked: Left) -> None:
    assert all(place in masked.names for place in (*PLACES, "/store/runs/", "/store/steps/", "/site/status.json"))
    assert masked.shown == {}


def test_the_same_search_finds_all_that_is_not_masked(unmasked: Left) -> None:
    assert unmasked.secrets() >= {*PLANTED} - NEVER_SENT
    assert all(any(place in where for where in unmasked.shown) for place in PLACES)
