"""What an address and an error are made of, from what connections and sources really hold."""

from __future__ import annotations

from typing import Any

import pytest

from datasync.connection import Connection
from datasync.errors import InvalidConnection
from datasync.web.http import address, message


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"host": "shop.example"}, "https://shop.example"),
        ({"host": " shop.example/ "}, "https://shop.example"),
        ({"host": "shop.example", "schema": "http", "port": 8080}, "http://shop.example:8080"),
        ({"host": "http://shop.example:81", "port": 8080}, "http://shop.example:81"),
        ({"host": "https://eu.api.example/tenant-id/"}, "https://eu.api.example/tenant-id"),
        ({"host": "eu.api.example", "schema": "tenant-id"}, "https://eu.api.example/tenant-id"),
        ({"host": "http://[::1]", "port": 8080}, "http://[::1]:8080"),
    ],
)
def test_a_connection_has_an_address(given: dict[str, Any], url: str) -> None:
    assert address(Connection("there", **given)) == url


@pytest.mark.parametrize(
    "host", ["", "ftp://shop.example", "https://me:planted@shop.example", "https://shop.example?k=planted"]
)
def test_a_host_that_is_none_is_refused_without_being_told(host: str) -> None:
    with pytest.raises(InvalidConnection, match="'there' has") as told:
        address(Connection("there", host=host))
    assert "planted" not in str(told.value)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"message": "No such entity with %fieldName = %fieldValue",
          "parameters": {"fieldName": "sku", "fieldValue": "A"}}, "No such entity with sku = A"),
        ({"message": "%1 of %10", "parameters": ["a", *"bcdefghi", "j"]}, "a of j"),
        ({"message": "Access forbidden.", "code": 403}, "Access forbidden."),
        ({"error": "invalid_client", "error_description": "wrong"}, "wrong"),
        ({"message": None}, ""),
        (["x"], ""),
    ],
)  # fmt: skip
def test_a_message_is_told_with_its_placeholders_filled(said: Any, sentence: str) -> None:
    assert message(said) == sentence
