"""A stand-in as the contract uses it: its process, what it sells, and sources that are pointed at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from datasync.connection import Connection
from datasync.settings import Scope, source_kind
from datasync.sources.base import Opening, Source
from datasync.store.files import Store
from tests.sources.standins.server import Site


@dataclass(frozen=True)
class Stand:
    """One stand-in. ``address`` are the keys of a scope that it feeds, ``elsewhere`` of one that it does not have."""

    site: Site
    kind: str
    connection: Connection
    issued: Connection
    address: Mapping[str, Any]
    elsewhere: Mapping[str, Any]

    def source(self, store: Store, run: str = "r1", address: Mapping[str, Any] | None = None, **keys: Any) -> Source:
        """A source, by the settings ``keys``; ``login`` is another connection than the usual one."""
        connection = keys.pop("login", self.connection)
        options = source_kind(self.kind)(kind=self.kind, connection="there", **keys)
        opening = Opening("en-US", self.scope(address), options, lambda _: connection, store, run)
        source: Source = options.open(opening)
        return source

    def scope(self, address: Mapping[str, Any] | None = None) -> Scope:
        """A scope at this stand-in."""
        return source_kind(self.kind).scope_model(source="shop", **(address or self.address))

    def watermark(self, moment: datetime) -> str:
        return moment.isoformat()

    def sells(self, *products: Mapping[str, Any]) -> None:
        self.site.tell("products", products)

    def fill(self, count: int) -> None:
        self.site.tell("fill", {"count": count})


def akeneo(site: Site) -> Stand:
    secrets = {"client_id": "7_client", "client_secret": "client-planted"}
    login = Connection("there", "akeneo", site.url, login="sync", password="password-planted", extra=secrets)
    address, elsewhere = {"channel": "ecommerce", "locale": "en_US"}, {"channel": "ecommerce", "locale": "xx_XX"}
    return Stand(site, "akeneo", login, login, address, elsewhere)


def adobe_commerce(site: Site) -> Stand:
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    keys = dict(zip(names, ("ck-planted", "cs-planted", "at-planted", "ats-planted"), strict=True))
    signed = Connection("there", "adobe-commerce", site.url, extra=keys)
    issued = replace(signed, login="admin", password="password-planted", extra={})
    address, elsewhere = {"store_view": "default"}, {"store_view": "xx"}
    return Stand(site, "adobe-commerce", signed, issued, address, elsewhere)
