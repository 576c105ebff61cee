"""Adobe Commerce and Magento: the products of one store view over REST.

Pages are windows that begin behind the last product seen (its `updated_at`, then its id), for deep pages repeat rows,
lose others, and go on for ever behind the end. The store view in the address does not filter: products come from all
websites, and those of others are left out here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx

from datasync.connection import Connection
from datasync.errors import AccessDenied, InvalidConnection, SourceRefused, UnexpectedAnswer, UnknownName
from datasync.sources.base import PullRequest
from datasync.sources.rest.adobe_commerce_options import AdobeCommerceScope
from datasync.sources.rest.page_records import Field, Shape, own
from datasync.sources.rest.paged import Page, Paged
from datasync.sql import literal
from datasync.web.auth import Bearer, Issued, Signed, Token
from datasync.web.http import Api, lacking

_IMS = "https://ims-na1.adobelogin.com/ims/token/v3"
_SIGNED_BY = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
_LONGEST_URL = 4000
_OWN = {
    **own(
        "plain", "id", "sku", "name", "attribute_set_id", "price", "status", "visibility", "type_id", "created_at",
        "updated_at", "weight",
    ),
    **own("object", "extension_attributes"),
    **own("list", "product_links", "options", "media_gallery_entries", "tier_prices"),
}  # fmt: skip
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_SHOWN = 20

_LOOKS = 3  # requests before the first page: the store's settings, the categories, the attributes with options

Filter = tuple[str, str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """The labels of an attribute's options by their ids, whether a product may have several, and the ids of those that
    have no label in this store view.
    """

    labels: Mapping[str, str]
    are_several: bool
    unlabelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pull has to know: the view's website and currency, where images are, the paths of categories by their ids,
    and the labels of attributes' options.
    """

    website: int | None
    currency: str
    media: str
    categories: Mapping[str, str]
    options: Mapping[str, Options]
    notes: tuple[str, ...] = ()


class AdobeCommerce(Paged[Facts]):
    """One store view of an Adobe Commerce shop."""

    scope: AdobeCommerceScope
    macros = ("datasync.sources.rest", "adobe_commerce")

    @property
    def view(self) -> str:
        return self.scope.store_view or ""

    def open(self) -> Api:
        is_saas, connection = self.source.deployment == "saas", self._opening.connection()
        api = self.connected({"Store": self.view} if is_saas else {})
        return api.authorized(_auth(api, connection, self._path("")))

    def look(self, api: Api) -> Facts:
        configs = api.get(self._path("store/storeConfigs", view="all")).json
        mine = next((config for config in configs if config["code"] == self.view), None)
        if mine is None and self.view != "all":
            known = [config["code"] for config in configs]
            raise UnknownName("store view", self.view, known, f"Name one under scopes.{self.name}.store_view.")
        common = mine or configs[0]
        media = common.get("secure_base_media_url") or common.get("base_media_url") or ""
        website, currency = mine and mine["website_id"], common.get("base_currency_code", "")
        categories, unnamed = self._if_allowed(lambda: self._categories(api), "Categories")
        options, unlabelled = self._if_allowed(lambda: self._options(api), "Options of attributes")
        notes = (*unnamed, *unlabelled, *self._without_label(options))
        return Facts(website, currency, media, categories, options, notes)

    def queries(self, request: PullRequest) -> Sequence[Any]:
        if request.what == "skus":
            return [{"skus": list(some)} for some in _portions(request.skus)]
        return [{"since": f"{since:%Y-%m-%d %H:%M:%S}"} if (since := self.since(request)) else {}]

    def page(self, api: Api, facts: Facts, query: Any, after: Any) -> Page:
        answer = api.get(self._path("products"), _asking(query, after, self.source.page_size))
        try:
            items, total = answer.json["items"] or [], int(answer.json["total_count"])
            records = list(items.values() if isinstance(items, dict) else _listed(items))
        except (KeyError, TypeError, ValueError):
            raise UnexpectedAnswer(self.scope.source, "a page has no list of items, or no total_count") from None
        keys = [_key(record) for record in records]
        places = [key for key in keys if key]
        last = places[-1] if places else _odd_key(records[-1]) if records else None
        if any(here > following for here, following in itertools.pairwise(places)):
            raise UnexpectedAnswer(self.scope.source, "a page is not in the order that was asked for")
        behind = tuple(after) if after else ("", 0)
        fresh = [record for record, key in zip(records, keys, strict=True) if key is None or key > behind]
        if records and not fresh:
            raise UnexpectedAnswer(self.scope.source, "a page has only products of the page before: it came once more")
        is_last = total <= len(records) or not records
        if not is_last and not last:
            problem = "no product of a page has an id and an updated_at, so there is no asking for the page after it"
            raise UnexpectedAnswer(self.scope.source, problem)
        return Page(fresh, list(last) if last and not is_last else None, total, answer.at)

    def shape(self, facts: Facts) -> Shape:
        paths = _map(facts.categories)
        links = Field(
            "/extension_attributes/category_links",
            lambda json_sql: f"adobe_categories({json_sql}, {paths})",
            kind="list",
        )
        websites = "json_extract(json, '$.extension_attributes.website_ids')"
        return Shape(
            identity="/id",
            own={**_OWN, "category_paths": links},
            further=partial(_custom, facts.options),
            names="adobe_codes(json_extract(json, '$.custom_attributes'))",
            map={
                "type": "type_id",
                "status": "adobe_status(status)",
                "visible_in": "adobe_visible_in(visibility)",
                "stock": "adobe_stock(extension_attributes)",
                "currency": literal(facts.currency),
                "images": f"adobe_images(media_gallery_entries, {literal(facts.media)})",
                "categories": "category_paths",
            },
            condition="true" if facts.website is None else f"adobe_is_on({websites}, {facts.website})",
            notes=facts.notes,
        )

    def forecast(self, api: Api, request: PullRequest) -> int:
        return _LOOKS + sum(self._pages(api, query) for query in self.queries(request))

    def counted(self, api: Api, facts: Facts) -> int | None:
        fields = ("fields", "items[id],total_count")
        return int(api.get(self._path("products"), [*_asking({}, None, 1), fields]).json["total_count"])

    def listed(self, api: Api) -> str:
        views = api.get(self._path("store/storeViews", view="all")).json
        names = ", ".join(f"{view['code']} ({view['name']})" for view in views if view["code"] != "admin")
        return f"store views: {names or 'none'}"

    def knows(self, api: Api, field: str) -> bool:
        try:
            return bool(
                api.get(self._path(f"products/attributes/{quote(field, safe='')}")).json.get("attribute_code") == field
            )
        except SourceRefused:
            return False

    def _path(self, what: str, view: str | None = None) -> str:
        return f"V1/{what}" if self.source.deployment == "saas" else f"rest/{view or self.view}/V1/{what}"

    def _pages(self, api: Api, query: Mapping[str, Any]) -> int:
        """How many pages a query has, in pages as large as this server gives them."""
        asking = _asking(query, None, self.source.page_size)
        answer = api.get(self._path("products"), [*asking, ("fields", "items[id,updated_at],total_count")]).json
        return max(1, -(-int(answer["total_count"]) // max(1, len(answer["items"] or ()))))

    def _categories(self, api: Api) -> Mapping[str, str]:
        """The path of every category by its id, as "Men/Tops"."""
        return dict(_branches(api.get(self._path("categories")).json, ()))

    def _options(self, api: Api) -> Mapping[str, Options]:
        """The options of every attribute that has some, in the words of the store view."""
        wanted = ("frontend_input", "select,multiselect,boolean", "in")
        attributes = api.get(self._path("products/attributes"), _filters([[wanted]])).json["items"] or ()
        return {str(attribute.get("attribute_code")): _labels(attribute) for attribute in attributes}

    def _without_label(self, options: Mapping[str, Options]) -> tuple[str, ...]:
        """A note on those options of the scope's own fields that are told by their ids."""
        mapped = set(re.findall(r"\w+", " ".join(self.scope.map.values())))
        ids = [
            f"{code} {key}"
            for code, its_options in options.items()
            if code in mapped or any(fnmatchcase(code, pattern) for pattern in self.scope.attributes)
            for key in its_options.unlabelled
        ]
        more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
        note = f"Options without a label in this store view are told by their ids: {', '.join(ids[:_SHOWN])}{more}."
        return (note,) if ids else ()

    @staticmethod
    def _if_allowed(read: Callable[[], Mapping[str, T]], what: str) -> tuple[Mapping[str, T], tuple[str, ...]]:
        """What may be read; nothing and a note where this login may not."""
        try:
            return read(), ()
        except AccessDenied as error:
            return {}, (f"{what} are told by their ids, for their names can't be read: {error.problem}.",)


def _auth(api: Api, connection: Connection, root: str) -> httpx.Auth:
    """What opens the shop: an integration's signatures, a token that the connection holds, or one to be issued."""
    extra = connection.extra
    if all(extra.get(name) for name in _SIGNED_BY):
        return Signed(*(str(extra[name]) for name in _SIGNED_BY))
    if extra.get("client_id") and extra.get("client_secret"):
        return Issued(partial(_ims, api, extra), lambda answer: Token(answer["access_token"]), api.judge_token)
    if connection.login and connection.password:
        login = {"username": connection.login, "password": connection.password}
        ask = partial(api.request, f"{root}integration/admin/token", json=login)
        return Issued(lambda _: [ask()], lambda answer: Token(str(answer)), api.judge_token)
    if connection.password:
        return Bearer(connection.password)
    needs = f"needs {', '.join(_SIGNED_BY)} in its extra, or a token as its password"
    if any(map(extra.get, _SIGNED_BY)):
        needs += f"; it lacks {lacking(extra, _SIGNED_BY)}"
    raise InvalidConnection(connection.name, needs)


def _ims(api: Api, extra: Mapping[str, Any], _: str | None) -> list[httpx.Request]:
    form = {"grant_type": "client_credentials", "scope": extra.get("scope", "openid,AdobeID,profile,email")}
    form |= {name: str(extra[name]) for name in ("client_id", "client_secret")}
    return [api.request(str(extra.get("token_url", _IMS)), data=form)]


def _asking(query: Mapping[str, Any], after: Any, size: int) -> list[tuple[str, str]]:
    """A search: the query's filters and those of the window, in the order that windows need."""
    groups: list[list[Filter]] = []
    if "since" in query:
        groups.append([("updated_at", query["since"], "gteq")])
    if "skus" in query:
        groups.append([("sku", sku, "eq") for sku in query["skus"]])
    if after:
        moment, number = after
        groups.append([("updated_at", moment, "gteq")])
        groups.append([("updated_at", moment, "gt"), ("entity_id", str(number), "gt")])
    sorts = [
        (f"searchCriteria[sortOrders][{n}][{key}]", value)
        for n, field in enumerate(("updated_at", "entity_id"))
        for key, value in (("field", field), ("direction", "ASC"))
    ]
    return [*_filters(groups), *sorts, ("searchCriteria[pageSize]", str(size)), ("searchCriteria[currentPage]", "1")]


def _filters(groups: Sequence[Sequence[Filter]]) -> list[tuple[str, str]]:
    """Filters as a query says them: all groups have to hold, and one filter of each."""
    return [
        (f"searchCriteria[filter_groups][{g}][filters][{f}][{key}]", value)
        for g, group in enumerate(groups)
        for f, condition in enumerate(group)
        for key, value in zip(("field", "value", "condition_type"), condition, strict=True)
    ]


def _labels(attribute: Mapping[str, Any]) -> Options:
    """The options that have a label; the others are told by their ids, which ``unlabelled`` names."""
    options = [option for option in attribute.get("options") or () if option.get("value")]
    labels = {str(option["value"]): _label(option) for option in options}
    unlabelled = tuple(key for key, label in labels.items() if not label)
    named = {key: label for key, label in labels.items() if label}
    return Options(named, attribute.get("frontend_input") == "multiselect", unlabelled)


def _label(option: Mapping[str, Any]) -> str:
    label = option.get("label")
    return str(label) if label is not None and str(label).strip() else ""


def _listed(items: Any) -> list[Any]:
    if not isinstance(items, list):
        raise TypeError("items are a list")
    return items


def _key(record: Any) -> tuple[str, int] | None:
    """Where a product is in the order of windows; None where it does not say."""
    try:
        moment, number = datetime.fromisoformat(record["updated_at"]), int(record["id"])
    except (KeyError, TypeError, ValueError):
        return None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}", number


def _custom(options: Mapping[str, Options], code: str) -> Field:
    """A custom attribute of a product; an option by its label."""

    def text(json_sql: str) -> str:
        value, mine = f"adobe_attribute(adobe_attributes({json_sql}), {literal(code)})", options.get(code)
        if mine is None:
            return value
        return f"adobe_label{'s' if mine.are_several else ''}({value}, {_map(mine.labels)})"

    def has(json_sql: str) -> str:
        return f"list_contains(adobe_codes({json_sql}), {literal(code)})"

    return Field("/custom_attributes", text, has, kind="list")


def _odd_key(record: Any) -> tuple[str, int] | None:
    """The same for a day that no calendar has: a database sorts it before all others."""
    try:
        written, number = str(record["updated_at"]), int(record["id"])
    except (KeyError, TypeError, ValueError):
        return None
    return (written, number) if _WRITTEN.fullmatch(written) else None


def _branches(tree: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every category below a root with its path; roots themselves have none, for no shopper sees them."""
    names = (*above, str(tree["name"])) if tree.get("level", 0) > 1 else above
    yield str(tree["id"]), "/".join(names)
    for child in tree.get("children_data") or ():
        yield from _branches(child, names)


def _map(names: Mapping[str, str]) -> str:
    """SQL for a map from ids to names."""
    if not names:
        return "MAP {}::MAP(VARCHAR, VARCHAR)"
    return f"MAP {{{', '.join(f'{literal(key)}: {literal(name)}' for key, name in names.items())}}}"


def _portions(skus: Sequence[str]) -> Iterator[list[str]]:
    """SKUs in lists that a URL can hold: each is a filter of its own, for a list of them can't hold a comma."""
    some: list[str] = []
    for sku in skus:
        if some and len(urlencode(_asking({"skus": [*some, sku]}, None, 1))) > _LONGEST_URL:
            yield some
            some = []
        some.append(sku)
    if some:
        yield some
