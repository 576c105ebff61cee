"""Akeneo PIM: its products by uuid, with the values of one channel and one locale.

A list is followed by the links it gives (`search_after`), for other ways of paging end at 10,000 products or repeat
some. Its `updated` filter is read in the server's time zone, and what was written a moment ago may not be found yet.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote as percent_encoded
from zoneinfo import ZoneInfo

import httpx

from datasync.connection import Connection
from datasync.errors import InvalidConnection, SourceRefused, UnexpectedAnswer, UnknownName
from datasync.sources.base import PullRequest
from datasync.sources.rest.akeneo_options import AkeneoScope
from datasync.sources.rest.page_records import Field, Shape, own, pointer
from datasync.sources.rest.paged import Page, Paged
from datasync.sql import literal, quote
from datasync.web.auth import Issued, Token
from datasync.web.http import Api, lacking

_ROOT = "/api/rest/v1/"
_TOKEN = "api/oauth/v1/token"  # noqa: S105 - a path
_LOOKS = 3  # requests before the first page: a token, the channel, the identifier
_LONGEST_SEARCH = 4000
_OWN = {
    **own("plain", "uuid", "enabled", "family", "parent", "root_parent", "created", "updated"),
    **own("list", "categories", "groups", "completenesses", "quality_scores"),
    **own("object", "associations", "quantified_associations", "metadata"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pull has to know: where the SKU is, and in which currency prices are taken."""

    identifier: str
    currency: str
    currencies: tuple[str, ...]


class Akeneo(Paged[Facts]):
    """One channel and locale of an Akeneo PIM."""

    scope: AkeneoScope
    macros = ("datasync.sources.rest", "akeneo")

    @property
    def channel(self) -> str:
        return self.scope.channel or ""

    @property
    def locale(self) -> str:
        return self.scope.locale or self.name.replace("-", "_")

    def open(self) -> Api:
        api, connection = self.connected(), self._opening.connection()
        return api.authorized(Issued(partial(_grants, api, connection), _token, api.judge_token))

    def look(self, api: Api) -> Facts:
        channel = self._channel(api)
        if self.locale not in channel["locales"]:
            fix = f"Name one of them under scopes.{self.name}.locale, or enable it in the PIM."
            raise UnknownName(f"locale of the channel {self.channel!r}", self.locale, channel["locales"], fix)
        known = tuple(channel.get("currencies", ()))
        chosen = self.scope.currency or (known[0] if known else "")
        if self.scope.currency and chosen not in known:
            raise UnknownName(f"currency of the channel {self.channel!r}", chosen, known, "Name one of them.")
        return Facts(self.source.identifier or _identifier(api, self.scope.source), chosen, known)

    def queries(self, request: PullRequest) -> Sequence[Any]:
        if request.what == "skus":
            return [{"skus": list(some)} for some in _portions(request.skus, self.source.page_size)]
        return [{"since": since.isoformat()} if (since := self.since(request)) else {}]

    def page(self, api: Api, facts: Facts, query: Any, after: Any) -> Page:
        answer = api.get(after) if after else api.get(f"{_ROOT}products-uuid", self._asking(facts, query))
        try:
            records, following = answer.json["_embedded"]["items"], answer.json["_links"].get("next")
            if not isinstance(records, list):
                raise TypeError("items are a list")
            return Page(records, following and _path(following["href"]), at=answer.at)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise UnexpectedAnswer(self.scope.source, "a page has no list of items, or no links") from None

    def shape(self, facts: Facts) -> Shape:
        place = f"{literal(self.channel)}, {literal(self.locale)}"
        complete = Field("/completenesses", lambda json_sql: f"akeneo_completeness({json_sql}, {place})", kind="list")
        price = f"akeneo_price(price, {literal(facts.currency)})"
        several = len(facts.currencies) > 1 and not self.scope.currency
        note = f"Prices are taken in {facts.currency}, of {', '.join(facts.currencies)}; `currency` names another."
        return Shape(
            identity="/uuid",
            own={**_OWN, "completeness": complete},
            further=lambda code: Field(
                pointer("values", code), lambda json_sql: f"akeneo_value({json_sql}, {place})", kind="list"
            ),
            names="json_keys(json, '$.values')",
            map={
                "sku": quote(facts.identifier),
                "status": "akeneo_status(enabled)",
                "price": price,
                "currency": f"CASE WHEN {price} IS NOT NULL THEN {literal(facts.currency)} END",
                "updated_at": "updated",
            },
            notes=(note,) if several else (),
        )

    def forecast(self, api: Api, request: PullRequest) -> int:
        facts = Facts(self.source.identifier or "", "", ())
        looks = _LOOKS - bool(self.source.identifier)
        return looks + sum(self._pages(api, facts, query) for query in self.queries(request))

    def listed(self, api: Api) -> str:
        names = "; ".join(
            f"{channel['code']} ({', '.join(channel['locales'])})" for channel in _listed(api, "channels")
        )
        return f"channels and their locales: {names or 'none'}"

    def knows(self, api: Api, field: str) -> bool:
        try:
            return bool(api.get(f"{_ROOT}attributes/{percent_encoded(field, safe='')}").json.get("code") == field)
        except SourceRefused:
            return False

    def _asking(self, facts: Facts, query: Mapping[str, Any]) -> list[tuple[str, str]]:
        search: dict[str, Any] = {}
        if "since" in query:
            # `>` leaves out the second itself, and the same second is on both sides of a watermark
            since = datetime.fromisoformat(query["since"]) - timedelta(seconds=1)
            search["updated"] = [{"operator": ">", "value": _there(since, self.source.time_zone)}]
        if "skus" in query:
            search[facts.identifier] = [{"operator": "IN", "value": query["skus"]}]
        conditions = [("search", json.dumps(search, ensure_ascii=False))] * bool(search)
        return [
            ("pagination_type", "search_after"), ("limit", str(self.source.page_size)),
            ("scope", self.channel), ("locales", self.locale),
            ("with_completenesses", "true"), ("with_attribute_options", "true"), *conditions,
        ]  # fmt: skip

    def _pages(self, api: Api, facts: Facts, query: Mapping[str, Any]) -> int:
        """How many pages a query has: the last one is not full, be it empty."""
        if "skus" in query:
            return 1 + len(query["skus"]) // int(self.source.page_size)
        plain = [pair for pair in self._asking(facts, query) if pair[0] in ("search", "scope", "locales")]
        answer = api.get(f"{_ROOT}products-uuid", [*plain, ("limit", "1"), ("with_count", "true")])
        return 1 + int(answer.json["items_count"]) // int(self.source.page_size)

    def _channel(self, api: Api) -> Mapping[str, Any]:
        try:
            return dict(api.get(f"{_ROOT}channels/{percent_encoded(self.channel, safe='')}").json)
        except SourceRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            known = [channel["code"] for channel in _listed(api, "channels")]
            raise UnknownName("channel", self.channel, known, f"Name one under scopes.{self.name}.channel.") from None


def _grants(api: Api, connection: Connection, refresh: str | None) -> list[httpx.Request]:
    """The requests for a token: by the refresh token there is, then by login and password."""
    extra = connection.extra
    fields = {"login": connection.login, "password": connection.password, **extra}
    if missing := lacking(fields, ("login", "password", "client_id", "client_secret")):
        needs = f"needs a login, a password, and client_id and client_secret in its extra; it lacks {missing}"
        raise InvalidConnection(connection.name, needs)
    client = base64.b64encode(f"{extra['client_id']}:{extra['client_secret']}".encode()).decode()
    password = {"grant_type": "password", "username": connection.login, "password": connection.password}
    grants = [{"grant_type": "refresh_token", "refresh_token": refresh}] * bool(refresh) + [password]
    return [api.request(_TOKEN, json=grant, headers={"Authorization": f"Basic {client}"}) for grant in grants]


def _token(answer: Any) -> Token:
    return Token(answer["access_token"], answer.get("refresh_token"))


def _identifier(api: Api, source: str) -> str:
    """The code of the attribute that holds the SKU: the main identifier, or the only one."""
    search = {"type": [{"operator": "IN", "value": ["pim_catalog_identifier"]}]}
    answer = api.get(f"{_ROOT}attributes", [("search", json.dumps(search)), ("limit", "100")])
    attributes = answer.json["_embedded"]["items"]
    main = [attribute["code"] for attribute in attributes if attribute.get("is_main_identifier")] or [
        attribute["code"] for attribute in attributes
    ]
    if not main:
        raise UnexpectedAnswer(source, "no attribute is an identifier; name one as `identifier` of the source")
    return str(main[0])


def _listed(api: Api, what: str) -> Iterator[Mapping[str, Any]]:
    """Every item of a short list, by its links."""
    path: str | None = f"{_ROOT}{what}?limit=100"
    seen: set[str] = set()
    while path:
        if path in seen:
            raise ValueError(f"the pages of {what} go in a circle")
        seen.add(path)
        answer = api.get(path).json
        yield from answer["_embedded"]["items"]
        following = answer["_links"].get("next")
        path = following and _path(following["href"])


def _path(link: str) -> str:
    """A link below our own address: what is behind a proxy may not know the name it is reached by."""
    at = link.find(_ROOT)
    if at < 0:
        raise ValueError(link)
    return link[at:]


def _portions(skus: Sequence[str], page: int) -> Iterator[list[str]]:
    """SKUs in lists that a URL can hold, each less than a page, for a full page says that there is another."""
    some: list[str] = []
    for sku in skus:
        if some and (len(some) == max(1, page - 1) or len(json.dumps([*some, sku])) > _LONGEST_SEARCH):
            yield some
            some = []
        some.append(sku)
    if some:
        yield some


def _there(moment: datetime, zone: str) -> str:
    """A moment as the server's filter reads it; in an hour that a clock shows twice, the hour before."""
    local = moment.astimezone(ZoneInfo(zone))
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        local -= timedelta(hours=1)
    return f"{local:%Y-%m-%d %H:%M:%S}"
