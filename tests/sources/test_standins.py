"""The stand-ins answer as the vendors' specifications say: names and types, by extracts of these beside them.

Akeneo's own examples break its own schema (data of any type, null locales and scopes), so it is held to what is left.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.sources.standins import adobe_commerce, akeneo
from tests.sources.standins.server import Asked, Standin, started

HERE = Path(__file__).parent / "standins"


def answered(standin: Standin, path: str, query: str = "", **headers: str) -> Any:
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    return standin.answer(Asked("GET", path, pairs, headers))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/V1/products", "/V1/products"),
        ("/V1/store/storeViews", "/V1/store/storeViews"),
        ("/V1/store/storeConfigs", "/V1/store/storeConfigs"),
        ("/V1/categories", "/V1/categories"),
        ("/V1/products/attributes", "/V1/products/attributes"),
    ],
)
def test_adobe_commerce_answers_by_its_specification(path: str, template: str) -> None:
    standin = adobe_commerce.AdobeCommerce()
    standin.tell("products", [{"sku": "A", "name": "a", "updated": "2026-11-20T08:00:00+00:00"}])
    found = answered(standin, f"/rest/default{path}", Authorization="Bearer bearer-planted")
    described = json.loads((HERE / "adobe_commerce.json").read_text(encoding="utf-8"))
    schema = {**described["paths"][template]["answer"], "definitions": described["definitions"]}
    jsonschema.validate(found, schema)


def test_akeneo_answers_by_its_specification_where_its_own_examples_do() -> None:
    standin = akeneo.Akeneo()
    standin.settings["tokens"].append("t")
    standin.tell("fill", {"count": 3})
    query = "pagination_type=search_after&limit=2&scope=ecommerce&locales=en_US"
    found = answered(standin, "/api/rest/v1/products-uuid", query, Authorization="Bearer t")
    schema = json.loads((HERE / "akeneo.json").read_text(encoding="utf-8"))["paths"]["/api/rest/v1/products-uuid"][
        "answer"
    ]
    for item in found["_embedded"]["items"]:
        item["values"] = {}
        item["parent"] = ""
    jsonschema.validate(found, schema)
    assert set(found) == {"_links", "_embedded"}


@pytest.mark.parametrize(
    ("module", "asked"),
    [
        ("adobe_commerce", "/rest/default/V1/products?searchCriteria[pageSize]=ten"),
        ("adobe_commerce", "/rest/default/V1/products?pageSize=10"),
        ("adobe_commerce", "/rest/default/V1/carts"),
        ("akeneo", "/api/rest/v1/products-uuid?scope=ecommerce&limit=101"),
        ("akeneo", "/api/rest/v1/products-uuid?scope=ecommerce&with_completeness=true"),
        ("akeneo", "/api/rest/v1/categories"),
    ],
)
def test_a_request_that_the_specification_does_not_have_is_refused_and_remembered(module: str, asked: str) -> None:
    with started(f"tests.sources.standins.{module}") as site:
        site.tell("set", {"tokens": ["t"]})
        answer = httpx.get(site.url + asked, headers={"Authorization": "Bearer t"})
        assert (answer.status_code, len(site.tell("log")["violations"])) == (400, 1)
