"""Rows that belong together: what is carried down, what is collected, and what must not reach the next product."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.pulling import Desk
from tests.shop import SERVICES, Shop

ROWS = (
    "handle,title,vendor,sku,image\n"
    "tea-pot,Tea pot,Acme,TP-RED,1.jpg\n"
    "tea-pot,,,TP-BLU,2.jpg\n"
    "tea-pot,,,,3.jpg\n"
    ",,,,\n"
    "mug,Mug,,MUG-1,4.jpg\n"
    "mug,,,MUG-2,\n"
    "cup,,Bolt,CUP-1,\n"
    ",,,X-1,9.jpg\n"
)
SHOPIFY = {"group_by": "Handle", "fill_down": ("title", "Vendor"), "collect": ("image",), "where": "sku is not null"}


def pulled(desk: Desk, **keys: Any) -> dict[str, tuple[str, str, list[str]]]:
    found = desk.pull("p.csv", attributes=("vendor",), map={"name": "coalesce(title, '?')", "images": "image"}, **keys)
    rows = desk.products(found, "sku", "name", "attributes", "images")
    return {
        sku: (name, attributes[0]["values"][0] if attributes else "", [image["url"] for image in images or ()])
        for sku, name, attributes, images in rows
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.write("p.csv", ROWS)
    return made


def test_what_stands_in_the_first_row_of_a_group_holds_for_its_other_rows_alone(desk: Desk) -> None:
    pictures = ["1.jpg", "2.jpg", "3.jpg"]
    assert pulled(desk, **SHOPIFY) == {
        "TP-RED": ("Tea pot", "Acme", pictures),
        "TP-BLU": ("Tea pot", "Acme", pictures),
        "MUG-1": ("Mug", "", ["4.jpg"]),
        "MUG-2": ("Mug", "", ["4.jpg"]),
        "CUP-1": ("?", "Bolt", []),
        "X-1": ("?", "", ["9.jpg"]),
    }


def test_without_a_group_a_value_is_carried_on_until_the_next(desk: Desk) -> None:
    found = pulled(desk, fill_down=("title", "vendor"), where="sku is not null")
    assert {sku: row[:2] for sku, row in found.items()} == {
        "TP-RED": ("Tea pot", "Acme"),
        "TP-BLU": ("Tea pot", "Acme"),
        "MUG-1": ("Mug", "Acme"),
        "MUG-2": ("Mug", "Acme"),
        "CUP-1": ("Mug", "Bolt"),
        "X-1": ("Mug", "Bolt"),
    }


def test_the_next_file_begins_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.csv", "sku,title\n1,Pen\n2,\n")
    desk.write("b.csv", "sku,title\n3,\n4,Ink\n5,\n")
    found = desk.pull("*.csv", map={"name": "title"}, fill_down=("title",))
    assert dict(desk.products(found, "sku", "name")) == {"1": "Pen", "2": "Pen", "4": "Ink", "5": "Ink"}
    assert (found.records, found.valid, found.quarantined) == (5, 4, 1)


def test_a_record_in_quarantine_is_whole_as_its_file_has_it(desk: Desk) -> None:
    found = desk.pull("p.csv", map={"name": "title"}, fill_down=("title",))
    records = [json.loads(record) for record in desk.quarantine(found, "record")]
    assert {record["image"]: record["title"] for record in records} == {"3.jpg": None}


def test_many_groups_in_any_order_are_joined_as_a_plain_loop_joins_them(tmp_path: Path) -> None:
    some, desk, lines, titles, pictures = random.Random(5), Desk(tmp_path), [], {}, {}
    wanted: dict[str, str | None] = {}
    for number in range(20_000):
        group, title = f"g{some.randrange(3_000)}", some.choice(["", "", f"t{number}"])
        titles[group] = title or titles.get(group)
        pictures.setdefault(group, []).append(f"{number}.jpg")
        wanted[str(number)] = titles[group]
        lines.append(f"{number},{group},{title},{number}.jpg")
    desk.write("p.csv", "sku,g,title,image\n" + "\n".join(lines) + "\n")
    keys = {"group_by": "g", "fill_down": ("title",), "collect": ("image",)}
    found = desk.pull("p.csv", map={"name": "coalesce(title, '-')", "images": "image"}, attributes=("g",), **keys)
    rows = desk.products(found, "sku", "name", "attributes", "images")
    assert {sku: name for sku, name, *_ in rows} == {sku: title or "-" for sku, title in wanted.items()}
    for _, _, attributes, images in rows[:500]:
        assert [image["url"] for image in images] == pictures[attributes[0]["values"][0]]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("collect: [image]", "scopes.en-US.group_by: is missing, and collect needs it."),
        ("fill_down: [titel]", "no record has the field 'titel', which fill_down needs"),
        ("fill_down: title", "scopes.en-US.fill_down"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, keys: str, sentence: str) -> None:
    scope = f"{{source: exports, path: p.csv, map: {{name: title}}, {keys}}}"
    shop = Shop(tmp_path, f"sources: {{exports: {{kind: files}}}}\nscopes: {{en-US: {scope}}}\n{SERVICES}")
    (tmp_path / "p.csv").write_text(ROWS, encoding="utf-8")
    told = shop.run("check")
    assert told.code == 2
    assert sentence in told.out + told.err
