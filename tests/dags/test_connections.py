"""Connections: the variable means to datasync what it means to Airflow, and a task asks Airflow."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection as Theirs

from datasync.airflow.connections import from_airflow
from datasync.connection import Connection, from_environment
from datasync.errors import MissingConnection
from tests.dags.shop import Shop

WRITTEN = [
    "akeneo://me:pass%40word@pim.example/?client_id=7&secret=a%2Bb",
    "adobe-commerce://https://me:pass@shop.example:8443/tenant?k=v",
    "adobe-commerce://http://localhost:8080",
    "postgresql://reader:x@db.example:5432/erp?sslmode=require",
    "http://@:8080/",
    "generic://host%2Fwith%2Fslashes/a%20b?empty=",
    "http://h/?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D",
    "HTTP://Host.Example/",
    '{"conn_type": "adobe-commerce", "host": "https://shop.example", "extra": {"access_token": "t", "n": 1}}',
    ' {"conn_type": "http", "login": "l", "password": "p", "port": "81", "extra": "{\\"a\\": 2}"} ',
    '{"host": "h", "port": 0, "extra": ""}',
]


def same(theirs: Theirs) -> Connection:
    texts = {key: getattr(theirs, key) or "" for key in ("host", "login", "password", "schema")}
    extra = json.loads(theirs.extra) if theirs.extra else {}
    return Connection(theirs.conn_id, theirs.conn_type or "", port=theirs.port or None, extra=extra, **texts)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_variable_means_what_it_means_to_airflow(written: str, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TRIED", written)
    assert from_environment("tried") == same(Theirs.get("tried"))


def test_a_task_asks_airflow_and_a_missing_connection_is_told_in_our_words(
    monkeypatch: pytest.MonkeyPatch, shop: Shop
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TRIED", WRITTEN[0])
    assert from_airflow("tried") == from_environment("tried")
    with pytest.raises(MissingConnection, match="AIRFLOW_CONN_NOWHERE"):
        from_airflow("nowhere")
