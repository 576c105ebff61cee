"""Connections from the environment, written the two ways Airflow knows; what it takes a variable for is asked of
Airflow itself in tests/dags/test_connections.py.
"""

from __future__ import annotations

import pytest

from datasync.connection import Connection, from_environment
from datasync.errors import InvalidConnection, MissingConnection

SECRETS = ("s3cr:t/", "planted")


def test_a_uri_and_json_give_the_same_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_PIM", "akeneo://sync:s3cr%3At%2F@pim.example:8443/base?client_id=7_a&secret=planted"
    )
    as_uri = from_environment("pim")
    monkeypatch.setenv(
        "AIRFLOW_CONN_PIM",
        '{"conn_type": "akeneo", "host": "pim.example", "port": "8443", "login": "sync", "password": "s3cr:t/", '
        '"schema": "base", "extra": "{\\"client_id\\": \\"7_a\\", \\"secret\\": \\"planted\\"}"}',
    )
    assert as_uri == from_environment("pim")
    assert as_uri == Connection(
        "pim", "akeneo", "pim.example", 8443, "sync", "s3cr:t/", "base", {"client_id": "7_a", "secret": "planted"}
    )


def test_a_connection_shows_none_of_its_secrets() -> None:
    shown = repr(Connection("pim", "akeneo", "https://u:planted@x", 1, "me", SECRETS[0], "x", {"secret": SECRETS[1]}))
    assert shown == "Connection(name='pim', type='akeneo')"


def test_a_connection_that_is_missing_is_told_with_both_ways_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PIM", " ")
    with pytest.raises(MissingConnection) as told:
        from_environment("pim")
    assert all(word in str(told.value) for word in ("'pim'", "Admin, Connections", "AIRFLOW_CONN_PIM", "URI", "JSON"))


@pytest.mark.parametrize(
    "written",
    [
        "planted",
        "akeneo://u:planted@host:port/",
        "akeneo://u:planted@[host/",
        '{"conn_type": "akeneo", "password": "planted"',
        '{"password": "planted", "port": "x"}',
        '{"password": "planted", "extra": ["planted"]}',
        '{"password": "planted", "extra": "planted"}',
    ],
)
def test_a_connection_that_is_broken_is_named_and_none_of_it_is_told(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PIM", written)
    with pytest.raises(InvalidConnection, match="'pim'") as told:
        from_environment("pim")
    assert "planted" not in str(told.value)
    assert told.value.__cause__ is None
