"""A stand-in for Adobe Commerce's REST interface: what its specification, its guides and its issues show that it does.

Reproduced: filter groups (AND across, OR inside); a sort direction that is DESC unless asked for; every row where no
page size is given; a page beyond the end that is the last page once more; page sizes that are clamped in silence;
products of all websites whatever the store view in the address; messages with placeholders; a token that expires;
OAuth 1.0a signatures, which are checked.
"""

from __future__ import annotations

import bisect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from tests.sources.standins.server import Asked, Refused, Standin, serve

BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)
KEYS = ("ck-planted", "cs-planted", "at-planted", "ats-planted")
VIEWS = [
    ("default", "Default", 1, "en_US", "EUR"),
    ("de", "Deutsch", 1, "de_DE", "EUR"),
    ("us", "US", 2, "en_US", "USD"),
]
MANY = 5000
OPTIONS = [
    {
        "attribute_code": code, "frontend_input": kind, "entity_type_id": "4",
        "is_required": False, "frontend_labels": [],
        "options": [{"label": " ", "value": ""}, *({"label": text, "value": key} for key, text in options.items())],
    }
    for code, kind, options in (
        ("color", "select", {"49": "Black", "50": "White"}),
        ("climate", "multiselect", {"7": "Hot", "8": "Cold, wet"}),
    )
]  # fmt: skip


def _category(number: int, level: int, name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number, "parent_id": number - 1, "name": name, "is_active": True, "position": 1, "level": level,
        "product_count": 0, "children_data": list(children),
    }  # fmt: skip


TREE = _category(1, 0, "Root", _category(2, 1, "Default", _category(3, 2, "Men", _category(4, 3, "Tops"))))
_CRITERION = re.compile(
    r"searchCriteria\[(?:filter_groups|filterGroups)\]\[(\d+)\]\[filters\]\[(\d+)\]"
    r"\[(field|value|condition_type|conditionType)\]"
)
_SORT = re.compile(r"searchCriteria\[sortOrders\]\[(\d+)\]\[(field|direction)\]")


class AdobeCommerce(Standin):
    spec = Path(__file__).with_name("adobe_commerce.json")

    def reset(self) -> None:
        super().reset()
        self.settings = {"tokens": ["bearer-planted"], "categories": True, "attributes": True, "counts": 0}
        self.in_order: list[dict[str, Any]] = []

    def told(self) -> None:
        for number, one in enumerate(self.products, 1):
            one.setdefault("id", number)
            one["updated"] = _written(datetime.fromisoformat(one["updated"]))
        self.in_order = sorted(self.products, key=_place) if len(self.products) > MANY else []

    def made(self, number: int) -> dict[str, Any]:
        """A product in two languages, one more of them each second."""
        return {"sku": f"SKU-{number:07}", "names": {"default": f"Product {number}", "de": f"Artikel {number}"},
                "updated": _written(BEGAN + timedelta(seconds=number)), "price": number % 100 + 0.5}  # fmt: skip

    def is_products(self, asked: Asked) -> bool:
        return asked.path.endswith("/V1/products")

    def answer(self, asked: Asked) -> Any:
        if asked.path == "/ims/token/v3":
            return self._ims(asked)
        view, path = self._placed(asked)
        if path == "/V1/integration/admin/token":
            return self._token(asked)
        template, rule = self.rule(path)
        self._is_let_in(asked)
        self._allowed(asked, rule["query"])
        if template == "/V1/store/storeViews":
            return [{"id": n, "code": v[0], "name": v[1], "website_id": v[2], "store_group_id": 1, "is_active": 1}
                    for n, v in enumerate([("admin", "Admin", 0), *VIEWS])]  # fmt: skip
        if template == "/V1/store/storeConfigs":
            return [_config(n, v) for n, v in enumerate(VIEWS, 1)]
        if template == "/V1/categories":
            if not self.settings["categories"]:
                raise Refused(401, **_denied("Magento_Catalog::categories"))
            return TREE
        if template == "/V1/products/attributes":
            if not self.settings["attributes"]:
                raise Refused(401, **_denied("Magento_Catalog::attributes_attributes"))
            items = [_relabelled(one, self.settings.get("labels", {})) for one in OPTIONS]
            return {"items": items, "search_criteria": {"filter_groups": []}, "total_count": len(OPTIONS)}
        if template == "/V1/products/attributes/{attributeCode}":
            return self._attribute(path.rpartition("/")[2])
        return self._products(asked, view)

    def _placed(self, asked: Asked) -> tuple[str, str]:
        """The store view and the rest of an address, as the shop's own servers or Adobe's service have it."""
        if found := re.fullmatch(r"/rest/(\w+)(/V1/.*)", asked.path):
            return found[1], found[2]
        if found := re.fullmatch(r"/tenant-id(/V1/.*)", asked.path):
            return asked.headers.get("Store", "default"), found[1]
        raise Refused(404, message="Request does not match any route.")

    def _token(self, asked: Asked) -> str:
        if json.loads(asked.body) != {"username": "admin", "password": "password-planted"}:
            raise Refused(401, message="The account sign-in was incorrect or your account is disabled temporarily.")
        self.settings["tokens"].append(f"issued-planted-{len(self.log)}")
        return str(self.settings["tokens"][-1])

    @staticmethod
    def _attribute(code: str) -> Any:
        if code not in ("color", "description", "manufacturer"):
            raise Refused(404, message='The attribute with a "%1" attributeCode doesn\'t exist.', parameters=[code])
        return {"attribute_code": code, "frontend_input": "select"}

    def _ims(self, asked: Asked) -> Any:
        given = dict(parse_qsl(asked.body.decode()))
        if (given["client_id"], given["client_secret"]) != ("ims-client", "ims-planted"):
            raise Refused(400, error="invalid_client", error_description="invalid client_id parameter")
        self.settings["tokens"].append(f"issued-planted-{len(self.log)}")
        return {"access_token": self.settings["tokens"][-1], "token_type": "bearer", "expires_in": 86399}

    def _is_let_in(self, asked: Asked) -> None:
        given = asked.headers.get("Authorization", "")
        if given.startswith("Bearer ") and given.removeprefix("Bearer ") in self.settings["tokens"]:
            return
        if not given.startswith("OAuth ") or not self._is_signed(asked, given):
            raise Refused(401, **_denied("Magento_Catalog::products"))

    def _is_signed(self, asked: Asked, given: str) -> bool:
        """Whether a signature is the one that these keys make of this very request."""
        said = dict(re.findall(r'(\w+)="([^"]*)"', given))
        if said.get("oauth_signature_method") != "HMAC-SHA256":
            return False
        mine = Client(*KEYS, signature_method=SIGNATURE_HMAC_SHA256,
                      nonce=said["oauth_nonce"], timestamp=said["oauth_timestamp"])  # fmt: skip
        url = f"http://{asked.headers['Host']}{asked.path}" + (f"?{urlencode(asked.query)}" if asked.query else "")
        _, headers, _ = mine.sign(url, http_method=asked.method)
        return bool(dict(re.findall(r'(\w+)="([^"]*)"', headers["Authorization"])) == said)

    def _allowed(self, asked: Asked, known: dict[str, Any]) -> None:
        """Refuse what the specification does not have; it writes filterGroups where the guides have filter_groups."""
        for name, value in asked.query:
            plain = re.sub(r"\[\d+\]", "[0]", name)
            plain = plain.replace("filter_groups", "filterGroups").replace("condition_type", "conditionType")
            rule = known.get(plain)
            if rule is None and name != "fields" and not name.startswith("storeCodes"):
                raise self.violation(f"{name} is no parameter of {asked.path}")
            if rule and rule["type"] == "integer" and not value.lstrip("-").isdecimal():
                raise self.violation(f"{name} cannot be {value}")

    def _products(self, asked: Asked, view: str) -> Any:
        if view not in {code for code, *_ in VIEWS} | {"all"}:
            return {"items": [], "search_criteria": {"filter_groups": []}, "total_count": 0}
        wanted = self._window(asked) if self.in_order else self._wanted(asked)
        some = self._cut(asked, wanted)
        if asked.fault == "vanish":
            self.products.remove(wanted[-1])
        if asked.fault == "repeat":
            some = self._cut(asked, sorted(self.products, key=_place))
        if asked.fault == "circle":  # the first page, the second, the first
            some = self._circle(asked)
        items = [one["item"] if "item" in one else _told(one, view) | one.get("record", {}) for one in some]
        for one, item in zip(some, items, strict=True):
            for key in one.get("lacks", ()):
                del item[key]
        if asked.fault == "touch":
            self._touch(some)
        if "fields" in asked.one:
            items = [
                {key: one[key] for key in re.findall(r"\w+", asked.one["fields"][6:].split("]")[0])} for one in items
            ]
        return {
            "items": items,
            "search_criteria": {"filter_groups": []},
            "total_count": len(wanted) + self.settings["counts"],
        }

    def _circle(self, asked: Asked) -> list[dict[str, Any]]:
        self.settings["turn"] = 1 - self.settings.get("turn", 1)
        size = int(asked.one["searchCriteria[pageSize]"])
        return sorted(self.products, key=_place)[self.settings["turn"] * size :][:size]

    def _wanted(self, asked: Asked) -> list[dict[str, Any]]:
        groups = _groups(asked)
        wanted = [one for one in self.products if all(any(_meets(one, f) for f in group) for group in groups)]
        for field, direction in reversed(_sorts(asked)):
            wanted.sort(key=lambda one: _value(one, field), reverse=direction != "ASC")
        return wanted

    def _window(self, asked: Asked) -> list[dict[str, Any]]:
        """The same for many products, in the one order and with the one kind of window that is quick to find."""
        given = {(one["field"], one["condition_type"]): one["value"] for group in _groups(asked) for one in group}
        assert _sorts(asked) == [("updated_at", "ASC"), ("entity_id", "ASC")]
        if not given:
            return self.in_order
        assert set(given) == {("updated_at", "gteq"), ("updated_at", "gt"), ("entity_id", "gt")}
        behind = given["updated_at", "gt"], int(given["entity_id", "gt"])
        return self.in_order[bisect.bisect_right(self.in_order, behind, key=_place) :]

    def _cut(self, asked: Asked, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One page; behind the end, the last one again."""
        size = int(asked.one.get("searchCriteria[pageSize]", len(wanted) or 1))
        size = min(size, self.settings.get("clamp", size))
        last = max(1, -(-len(wanted) // size))
        page = min(max(1, int(asked.one.get("searchCriteria[currentPage]", 1))), last)
        return wanted[(page - 1) * size : page * size]

    def _touch(self, some: list[dict[str, Any]]) -> None:
        """Somebody edits, while the list is being read, the first product and the last of this page."""
        for one in (self.products[0], some[-1]):
            one["names"] = {"default": "edited"}
            one["updated"] = _written(datetime.now(UTC))


def _relabelled(attribute: dict[str, Any], labels: dict[str, Any]) -> dict[str, Any]:
    """An attribute whose options have other labels, some none."""
    options = [{**one, "label": labels.get(one["value"], one["label"])} for one in attribute["options"]]
    return {**attribute, "options": options}


def _denied(what: str) -> dict[str, Any]:
    return {"message": "The consumer isn't authorized to access %resources.", "parameters": {"resources": what}}


def _place(one: dict[str, Any]) -> tuple[str, int]:
    return one["updated"], one["id"]


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _config(number: int, view: tuple[str, str, int, str, str]) -> dict[str, Any]:
    code, _, website, locale, currency = view
    addresses = ("base_url", "base_link_url", "base_static_url", "base_media_url")
    return {
        "id": number, "code": code, "website_id": website, "locale": locale, "base_currency_code": currency,
        "default_display_currency_code": currency, "timezone": "UTC", "weight_unit": "kgs",
        **dict.fromkeys(addresses, "http://shop.example/media/"),
        **{f"secure_{one}": "https://shop.example/media/" for one in addresses},
    }  # fmt: skip


def _groups(asked: Asked) -> list[list[dict[str, str]]]:
    found: dict[int, dict[int, dict[str, str]]] = {}
    for name, value in asked.query:
        if match := _CRITERION.fullmatch(name):
            group = found.setdefault(int(match[1]), {}).setdefault(int(match[2]), {})
            group[match[3].replace("conditionType", "condition_type")] = value
    return [list(group.values()) for group in found.values()]


def _sorts(asked: Asked) -> list[tuple[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for name, value in asked.query:
        if match := _SORT.fullmatch(name):
            found.setdefault(int(match[1]), {})[match[2]] = value
    return [(one["field"], one.get("direction", "DESC")) for _, one in sorted(found.items())]


def _value(one: dict[str, Any], field: str) -> Any:
    updated = one.get("record", {}).get("updated_at", "")
    moment = updated if str(updated).startswith("0000") else one["updated"]
    return {"updated_at": moment, "entity_id": one["id"], "sku": one["sku"]}[field]


def _meets(one: dict[str, Any], given: dict[str, str]) -> bool:
    value, wanted = _value(one, given["field"]), given["value"]
    if isinstance(value, int):
        value, wanted = f"{value:012}", f"{int(wanted):012}"
    kinds = {"eq": value.lower() == wanted.lower(), "gteq": value >= wanted, "gt": value > wanted,
             "in": value in wanted.split(",")}  # fmt: skip
    return kinds[given.get("condition_type", "eq")]


def _told(one: dict[str, Any], view: str) -> dict[str, Any]:
    names, custom = one.get("names", {}), {"description": "<p>Long</p>", "color": "49", **one.get("custom", {})}
    extension: dict[str, Any] = {"website_ids": one.get("websites", [1]), "category_links": [
        {"position": 0, "category_id": str(number)} for number in one.get("categories", [2, 4])]}  # fmt: skip
    if "qty" in one:
        extension["stock_item"] = {
            "qty": one["qty"], "is_in_stock": one["qty"] > 0, "manage_stock": True, "notify_stock_qty": 2,
        }  # fmt: skip
    return {
        "id": one["id"], "sku": one["sku"], "attribute_set_id": 4, "price": float(one.get("price", 9.9)),
        "name": names.get(view, names.get("default", one.get("name", ""))), "status": one.get("status", 1),
        "visibility": one.get("visibility", 4), "type_id": "simple", "created_at": _written(BEGAN),
        "updated_at": one["updated"], "extension_attributes": extension, "product_links": [], "options": [],
        "media_gallery_entries": [
            _image(2, "/b.jpg", label="Back", types=[]),
            _image(1, "/a.jpg", label="", types=["image"]),
            _image(3, "/c.jpg", label="Hidden", types=[], disabled=True),
        ],
        "tier_prices": [], "custom_attributes": [{"attribute_code": k, "value": v} for k, v in custom.items()],
    }  # fmt: skip


def _image(position: int, file: str, **more: Any) -> dict[str, Any]:
    return {"id": position, "media_type": "image", "position": position, "disabled": False, "file": file, **more}


if __name__ == "__main__":
    serve(AdobeCommerce())
