"""A stand-in for an Akeneo PIM: what its documentation, its specification and its own tests show that it does.

Reproduced: a limit of 10 unless asked for, of 100 at most; `next` on every full page and no other, with the PIM's own
idea of its address; no count with search_after; offset paging that ends at 10,000; `updated` read in the server's zone
and told with an offset; empty `values` as a list; no call without a token, four at once; tokens that expire.
"""

from __future__ import annotations

import base64
import bisect
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from tests.sources.standins.server import Asked, Refused, Standin, serve

BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)
CLIENT = "Basic " + base64.b64encode(b"7_client:client-planted").decode()
LOGIN = {"username": "sync", "password": "password-planted"}
CHANNELS: dict[str, dict[str, Any]] = {
    "ecommerce": {"locales": ["en_US", "de_DE"], "currencies": ["EUR"], "category_tree": "master"},
    "print": {"locales": ["fr_FR"], "currencies": ["USD", "EUR"], "category_tree": "master"},
}
ATTRIBUTES = {
    "sku": "pim_catalog_identifier",
    "ean": "pim_catalog_identifier",
    "name": "pim_catalog_text",
    "description": "pim_catalog_textarea",
    "price": "pim_catalog_price_collection",
    "color": "pim_catalog_simpleselect",
    "collection": "pim_catalog_multiselect",
    "weight": "pim_catalog_metric",
}
_OFFSETS = 10_000


class Akeneo(Standin):
    spec = Path(__file__).with_name("akeneo.json")

    def reset(self) -> None:
        super().reset()
        self.settings = {"zone": "UTC", "tokens": [], "refresh": [], "unknown_locale": "refused", "channels": CHANNELS}
        self.order: list[str] = []

    def told(self) -> None:
        for number, one in enumerate(self.products):
            one.setdefault("uuid", f"{number:08x}-0000-4000-8000-000000000000")
        self.products.sort(key=lambda one: str(one["uuid"]))
        self.order = [one["uuid"] for one in self.products]

    def made(self, number: int) -> dict[str, Any]:
        """A product in two languages, one more of them each second."""
        sku = f"SKU-{number:07}"
        return {"sku": sku, "names": {"en_US": f"Product {number}", "de_DE": f"Artikel {number}"},
                "updated": (BEGAN + timedelta(seconds=number)).isoformat(), "price": f"{number % 100}.50"}  # fmt: skip

    def is_products(self, asked: Asked) -> bool:
        return asked.path == "/api/rest/v1/products-uuid"

    def answer(self, asked: Asked) -> Any:
        template, rule = self.rule(asked.path)
        if template == "/api/oauth/v1/token":
            return self._token(asked)
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.settings["tokens"]:
            raise Refused(401, code=401, message="The access token provided has expired.")
        if self.under_way > 4:
            raise Refused(429, code=429, message="You have exceeded the limit of API requests per second.")
        self._allowed(asked, rule["query"])
        last = asked.path.rpartition("/")[2]
        if template.endswith("/channels/{code}"):
            return self._one("channel", last, self.settings["channels"])
        if template.endswith("/attributes/{code}"):
            return self._one("attribute", last, {code: {"type": kind} for code, kind in ATTRIBUTES.items()})
        if template.endswith("/channels"):
            return self._list([{"code": code, **one} for code, one in self.settings["channels"].items()])
        if template.endswith("/attributes"):
            kinds = json.loads(asked.one["search"])["type"][0]["value"]
            found = [(code, kind) for code, kind in ATTRIBUTES.items() if kind in kinds]
            return self._list(
                [{"code": code, "type": kind, "is_main_identifier": code == "sku"} for code, kind in found]
            )
        return self._products(asked)

    def _token(self, asked: Asked) -> Any:
        given = json.loads(asked.body)
        if self.settings.get("repeats_login"):
            raise Refused(422, code=422, message=f"You sent {asked.headers.get('Authorization')} {asked.body.decode()}")
        if asked.headers.get("Authorization") != CLIENT:
            raise Refused(422, code=422, message='Parameter "client_id" is missing or does not match any client')
        if given["grant_type"] == "refresh_token":
            if given["refresh_token"] not in self.settings["refresh"]:
                raise Refused(422, code=422, message="Refresh token is invalid or has expired")
        elif {key: given.get(key) for key in LOGIN} != {**LOGIN, **self.settings.get("login", {})}:
            raise Refused(422, code=422, message="No user found for the given username and password")
        number = len(self.log)
        self.settings["tokens"].append(f"token-planted-{number}")
        self.settings["refresh"].append(f"refresh-planted-{number}")
        return {"access_token": f"token-planted-{number}", "expires_in": 3600, "token_type": "bearer", "scope": None,
                "refresh_token": f"refresh-planted-{number}"}  # fmt: skip

    def _allowed(self, asked: Asked, known: dict[str, Any]) -> None:
        """Refuse what the specification does not have."""
        for name, value in asked.query:
            rule = known.get(name)
            if rule is None:
                raise self.violation(f'"{name}" is no parameter of {asked.path}')
            if rule["type"] == "integer" and not rule.get("minimum", 1) <= int(value) <= rule.get("maximum", 10**9):
                raise self.violation(f"{name} cannot be {value}")
            if (rule["type"] == "boolean" and value not in ("true", "false")) or value not in rule.get("enum", [value]):
                raise self.violation(f'"{name}" cannot be "{value}".')

    @staticmethod
    def _one(what: str, code: str, known: dict[str, Any]) -> Any:
        if code not in known:
            raise Refused(404, code=404, message=f'{what.capitalize()} "{code}" does not exist.')
        return {"code": code, **known[code]}

    @staticmethod
    def _list(items: list[Any]) -> Any:
        return {
            "_links": {"self": {"href": "x"}, "first": {"href": "x"}},
            "current_page": 1,
            "_embedded": {"items": items},
        }

    def _products(self, asked: Asked) -> Any:
        given = asked.one
        limit, channel, locales = int(given.get("limit", 10)), given.get("scope"), given.get("locales", "").split(",")
        if channel not in self.settings["channels"]:
            raise Refused(422, code=422, message=f'Scope "{channel}" does not exist.')
        limit = min(limit, self.settings.get("clamp", limit))
        if any(locale not in self.settings["channels"][channel]["locales"] for locale in locales):
            return self._list([])
        wanted = self._search(json.loads(given.get("search", "{}")))
        if given.get("pagination_type") != "search_after":
            return self._offset(given, wanted, limit)
        start = self._after(given.get("search_after", ""), wanted)
        some = wanted[start : start + limit]
        link = {name: value for name, value in asked.query if name != "search_after"}
        links = {"self": {"href": "x"}, "first": {"href": "x"}}
        if len(some) == limit:
            again = given.get("search_after", "") if asked.fault == "repeat" else some[-1]["uuid"]
            if asked.fault == "circle" and given.get("search_after"):
                again = ""
            query = urlencode({**link, "search_after": again})
            astray = "\0" if asked.fault == "astray" else ""
            links["next"] = {"href": f"http://pim.internal/api/rest/v1/products-uuid{astray}?{query}"}
        items = [self._item(one, channel, locales) for one in some]
        if asked.fault == "touch":
            self._touch(some)
        return {"_links": links, "_embedded": {"items": items}}

    def _touch(self, some: list[dict[str, Any]]) -> None:
        """Somebody edits, while the list is being read, the first product and the last of this page."""
        for one in (self.products[0], some[-1]):
            one["names"] = {"en_US": "edited"}
            one["updated"] = datetime.now(UTC).isoformat()

    def _after(self, cursor: str, wanted: list[dict[str, Any]]) -> int:
        return bisect.bisect_right([one["uuid"] for one in wanted], cursor) if wanted is not self.products else \
            bisect.bisect_right(self.order, cursor)  # fmt: skip

    def _offset(self, given: dict[str, str], wanted: list[dict[str, Any]], limit: int) -> Any:
        page = int(given.get("page", 1))
        if page * limit > _OFFSETS:
            raise Refused(422, code=422, message="You have reached the maximum number of pages you can retrieve.")
        some = wanted[(page - 1) * limit : page * limit]
        found = self._list([self._told(one, given["scope"], given["locales"].split(",")) for one in some])
        return {**found, "items_count": len(wanted)} if given.get("with_count") == "true" else found

    def _search(self, search: dict[str, Any]) -> list[dict[str, Any]]:
        if not search:
            return self.products
        wanted = self.products
        for name, (one,) in search.items():
            if (name, one["operator"]) == ("updated", ">"):
                zone = ZoneInfo(self.settings["zone"])
                since = datetime.strptime(one["value"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
                wanted = [p for p in wanted if datetime.fromisoformat(p["updated"]).replace(microsecond=0) > since]
            elif ATTRIBUTES.get(name) == "pim_catalog_identifier" and one["operator"] == "IN":
                wanted = [p for p in wanted if p.get(name) in one["value"]]
            else:
                raise Refused(422, code=422, message=f'Filter on property "{name}" is not supported.')
        return wanted

    def _item(self, one: dict[str, Any], channel: str, locales: list[str]) -> Any:
        """What a product is told as, or what a test wants instead of it or of parts of it."""
        if "item" in one:
            return one["item"]
        whole = {**self._told(one, channel, locales), **one.get("record", {})}
        return {key: value for key, value in whole.items() if key not in one.get("lacks", ())}

    def _told(self, one: dict[str, Any], channel: str, locales: list[str]) -> Any:
        zone = ZoneInfo(self.settings["zone"])
        plain = {"sku": one.get("sku"), **one.get("values", {})}
        values: Any = {code: [{"locale": None, "scope": None, "data": v, "attribute_type": ATTRIBUTES.get(code)}]
                       for code, v in plain.items() if v is not None}  # fmt: skip
        told = one.get("names") or {locale: one["name"] for locale in locales if "name" in one}
        if names := [(locale, name) for locale, name in told.items() if locale in locales]:
            values["name"] = [{"locale": locale, "scope": None, "data": name} for locale, name in names]
        if "price" in one:
            amounts = [{"amount": one["price"], "currency": "EUR"}, {"amount": "1.00", "currency": "USD"}]
            values["price"] = [{"locale": None, "scope": None, "data": amounts}]
        values |= one.get("raw", {})
        complete = [{"scope": channel, "locale": locale, "data": one.get("complete", 100)} for locale in locales]
        return {
            "_links": {"self": {"href": "x"}},
            "uuid": one["uuid"],
            "enabled": one.get("enabled", True),
            "family": "shirt",
            "categories": one.get("categories", ["summer"]),
            "groups": [],
            "parent": None,
            "values": values or [],
            "created": BEGAN.isoformat(),
            "updated": datetime.fromisoformat(one["updated"]).astimezone(zone).isoformat(),
            "associations": {},
            "quantified_associations": {},
            "completenesses": complete,
        }


if __name__ == "__main__":
    serve(Akeneo())
