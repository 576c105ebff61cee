"""Servers that repeat what was sent: nothing of it stands in what a sync logs, writes or shows, in no encoding."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from datasync import secrets
from tests.searching import shows, texts
from tests.shop import SERVICES, CommandOutput, Shop
from tests.sources.standins.server import Site, started
from tests.sources.test_mistakes import CLIENT, KEYS, PIM, STORE, Pointed

SENT = {
    "akeneo": ["password-planted", CLIENT["client_secret"]],
    "adobe-commerce": list(KEYS.values()),
}


@pytest.fixture(scope="module")
def sites() -> Iterator[Mapping[str, Site]]:
    with started(PIM) as pim, started(STORE) as store:
        yield {"akeneo": pim, "adobe-commerce": store}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that any logger says, at DEBUG."""
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_REGISTRY", secrets._Registry())


def unmasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the mask off, so that a search which finds nothing can be seen to find."""
    monkeypatch.setattr(secrets._Registry, "add", lambda self, forms: None)
    monkeypatch.setattr(secrets, "_IN_LOGS", ())


def everything(folder: Path, logged: io.StringIO, said: Sequence[CommandOutput]) -> str:
    """All that is to be read: logs, what the shell said, and every file."""
    return "\n".join([logged.getvalue(), *(told.out + told.err for told in said), *(text for _, text in texts(folder))])


def echoed(
    folder: Path, kind: str, site: Site, status: int, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> list[str]:
    """The secrets of a kind that are anywhere to be read after a sync, a publish and a look at a product."""
    site.tell("reset")
    site.tell("fill", {"count": 3})
    site.fault("echo", status=status, times=100)
    pointed = Pointed(folder, kind, site, monkeypatch)
    monkeypatch.setattr(Pointed, "run", lambda self, *argv: self.shop.run(*argv))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_THERE", json.dumps(pointed.usual))
        said = [pointed.shop.run(*argv) for argv in (["sync"], ["check"], ["publish"], ["status", "--json"], ["holds"])]
    return shows(everything(folder, logged, said), *SENT[kind])


@pytest.mark.parametrize("status", [400, 302, 503, 200])
@pytest.mark.parametrize("kind", ["akeneo", "adobe-commerce"])
def test_what_a_server_repeats_is_found_nowhere(
    tmp_path: Path,
    sites: Mapping[str, Site],
    monkeypatch: pytest.MonkeyPatch,
    logged: io.StringIO,
    kind: str,
    status: int,
) -> None:
    assert echoed(tmp_path, kind, sites[kind], status, monkeypatch, logged) == []


@pytest.mark.parametrize("status", [400, 302, 200])
def test_the_same_search_finds_what_is_not_masked(
    tmp_path: Path, sites: Mapping[str, Site], monkeypatch: pytest.MonkeyPatch, logged: io.StringIO, status: int
) -> None:
    unmasked(monkeypatch)
    shown = echoed(tmp_path, "adobe-commerce", sites["adobe-commerce"], status, monkeypatch, logged)
    assert set(shown) >= {KEYS["consumer_key"], KEYS["access_token"]}  # the others sign, and are never sent


# ── databases and S3 ──────────────────────────────────────────────────────────────────────────────────────────────────

PLANTED = "p4ss/wörd+planted"
PLACES = {
    "postgres": ("sources: {erp: {kind: sql, connection: there}}", "table: product"),
    "postgresql+psycopg": ("sources: {erp: {kind: sql, connection: there}}", "table: product"),
    "s3": (
        'sources: {erp: {kind: files, options: {client_kwargs: {endpoint_url: "http://127.0.0.1:9"}}}}',
        'path: "s3://exports/*.csv"',
    ),
}


def refused(folder: Path, place: str, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO) -> str:
    """All that is to be read after a sync from a place where nobody answers."""
    source, address = PLACES[place]
    shop = Shop(folder, f"{source}\nscopes:\n  en-US: {{source: erp, {address}}}\n{SERVICES}")
    given = {"conn_type": place, "host": "127.0.0.1", "port": 9, "login": "sync", "password": PLANTED, "schema": "erp"}
    monkeypatch.setenv("AIRFLOW_CONN_THERE", json.dumps(given))
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, PLANTED)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDPLANTED00")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    said = [shop.run(*argv) for argv in (["sync"], ["check"], ["publish"], ["status", "--json"])]
    assert said[0].code in (2, 3), said[0].err
    return everything(folder, logged, said)


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_refuses_shows_nothing_of_what_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO, place: str
) -> None:
    shown = refused(tmp_path, place, monkeypatch, logged)
    assert not shows(shown, PLANTED)
    assert "AKIDPLANTED00" not in shown


def test_the_log_of_s3_shows_what_is_not_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: io.StringIO
) -> None:
    unmasked(monkeypatch)
    assert shows(refused(tmp_path, "s3", monkeypatch, logged), PLANTED)
