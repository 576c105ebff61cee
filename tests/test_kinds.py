"""Kinds of source and service from other packages: a shop is run with them, and told what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packages import Packages

OPTIONS = """
from typing import ClassVar, Literal

from datasync.settings import Scope, ServiceOptions, SourceOptions, absolute_at


class ShelfScope(Scope):
    needed: ClassVar = ("shelf", "north")

    shelf: str | None = None


class ShelfSource(SourceOptions):
    scope_model: ClassVar = ShelfScope

    kind: Literal["acme-shelf"]
    folder: str

    @classmethod
    def placed(cls, written, folder):
        return absolute_at(written, "folder", folder)

    def open(self, opening):
        from acme.shelf import Shelf

        return Shelf(opening)


class WindowService(ServiceOptions):
    refuses_by: ClassVar = ("without",)

    kind: Literal["acme-window"]
    connection: str
    without: str = ""

    def open(self, opening):
        from acme.window import Window

        return Window(opening)
"""
SHELF = """
from datasync.errors import NoFiles
from datasync.relation import Relation
from datasync.sources.base import Records
from datasync.sources.text_columns import RECORD_EXPR, Texts
from datasync.sql import define_field_macros, literal


class Shelf:
    def __init__(self, opening):
        self.name, self.path = opening.name, f"{opening.source.folder}/{opening.scope.shelf}.csv"

    def records(self, con, request):
        define_field_macros(con, "acme", "fields")
        rows = Relation(f"SELECT * FROM read_csv({literal(self.path)}, all_varchar = true, header = true)")
        names = tuple(row[0] for row in con.execute(f"DESCRIBE {rows.sql}").fetchall())
        own_map = {"price": "acme_euros(cents)"}
        texts = Texts(rows, names, self.path)
        is_whole = request.what == "complete"
        return Records(texts, RECORD_EXPR, names, complete=is_whole, answers_absence=True, map=own_map)

    def scheduled(self):
        return "complete"

    def requests(self, request):
        return 1

    def offers(self):
        return f"the shelf {self.path}"
"""
WINDOW = """
import json
from pathlib import Path

import pyarrow as pa

from datasync.product import PRODUCT_COLUMNS
from datasync.relation import Relation
from datasync.sql import literal


class Window:
    receipt_is_delivery = False
    fence, batch_seconds = "none", 60
    needs = tuple(column for column in (*PRODUCT_COLUMNS, "attributes") if column != "sku")

    def __init__(self, opening):
        self.scope, self.without = opening.scope, opening.options.without
        self.place = Path(opening.connection().host)

    def deliver(self, con, batch):
        payload = f"to_json(payload(b, {literal(self.scope)}))::VARCHAR"
        rows = con.execute(f"SELECT sku, operation, {payload} FROM ({batch.rows.sql}) AS b ORDER BY sku").fetchall()
        answers = pa.table(dict(zip(("sku", "outcome", "words"), zip(*[self.show(*row) for row in rows]))))
        con.register("window_answers", answers)
        columns = "sku, outcome, words::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at"
        return Relation(f"SELECT {columns} FROM window_answers")

    def show(self, sku, operation, payload):
        file = self.place / self.scope / f"{sku}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        if operation == "removed":
            file.unlink(missing_ok=True)
            return sku, "removed", None
        if self.without and self.without in payload:
            return sku, "rejected", f"It mentions {self.without}"
        file.write_text(payload)
        return sku, "received", None
"""
MACROS = """-- One macro a statement.
CREATE OR REPLACE MACRO acme_euros(cents) AS try_cast(cents AS DECIMAL(18, 2)) / 100;
"""
PACKAGE = {
    "acme/__init__.py": "",
    "acme/options.py": OPTIONS,
    "acme/shelf.py": SHELF,
    "acme/window.py": WINDOW,
    "acme/fields.sql": MACROS,
}
SOURCES = {"acme-shelf": "acme.options:ShelfSource"}
SERVICES = {"acme-window": "acme.options:WindowService"}
SETTINGS: Mapping[str, Any] = {
    "sources": {"shop": {"kind": "acme-shelf", "folder": "shelves"}},
    "scopes": {"en-US": {"source": "shop", "shelf": "north"}},
    "services": {"window": {"kind": "acme-window", "connection": "window", "without": "Ink"}},
}


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    return Packages(tmp_path / "packages")


@pytest.fixture
def acme(packages: Packages) -> Packages:
    packages.install("acme-datasync", PACKAGE, sources=SOURCES, services=SERVICES)
    return packages


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop with one shelf, and a window that its connection says where it is."""
    monkeypatch.setenv("AIRFLOW_CONN_WINDOW", json.dumps({"conn_type": "acme", "host": str(tmp_path / "window")}))
    shelves = tmp_path / "shop" / "shelves"
    shelves.mkdir(parents=True)
    (shelves / "north.csv").write_text("sku,name,cents\n00123,Pen,1250\n00124,Cap,700\n00125,Ink,90\n")
    written(tmp_path / "shop")
    return tmp_path / "shop"


def written(shop: Path, **parts: Any) -> None:
    """Write the shop's settings, with some parts in the place of the usual ones."""
    (shop / "datasync.yaml").write_text(yaml.safe_dump({**SETTINGS, **parts}))


def test_products_go_from_a_source_to_a_service_that_another_package_brought(acme: Packages, shop: Path) -> None:
    checked = acme.run(shop, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"it lets us in and has the shelf {shop}/shelves/north.csv" in checked.stdout
    assert "window accepts 3 of 3" in checked.stdout
    assert not (shop.parent / "window").exists(), "a check delivers nothing"

    synced = acme.run(shop, "sync")
    assert synced.returncode == 0, synced.stdout + synced.stderr
    shown = {file.stem: json.loads(file.read_text()) for file in (shop.parent / "window" / "en-US").iterdir()}
    assert {sku: (product["name"], product["price"]) for sku, product in shown.items()} == {
        "00123": ("Pen", "12.50"), "00124": ("Cap", "7.00"),
    }  # fmt: skip

    status = json.loads(acme.run(shop, "status", "--json").stdout)
    (scope,) = status["scopes"]
    (service,) = scope["services"]
    assert (scope["products"], scope["last_pull"]["valid"]) == (3, 3)
    assert {name: service[name] for name in ("total_received", "current", "rejected", "due", "unexplained")} == {
        "total_received": 2, "current": 2, "rejected": 1, "due": 0, "unexplained": 0,
    }  # fmt: skip

    assert acme.run(shop, "publish").returncode == 0
    assert "window" in (shop / "var/site/index.html").read_text(encoding="utf-8")

    (shop / "shelves" / "north.csv").write_text("sku,name,cents\n00124,Cap,800\n00125,Ink,90\n")
    assert acme.run(shop, "sync").returncode == 0
    left = {file.stem: json.loads(file.read_text())["price"] for file in (shop.parent / "window" / "en-US").iterdir()}
    assert left == {"00124": "8.00"}

    written(shop, services={"search": {}})
    listed = acme.run(shop, "withdraw").stdout
    assert "window in en-US: 1 product held" in listed
    assert acme.run(shop, "withdraw", "--yes").returncode == 0
    assert list((shop.parent / "window" / "en-US").iterdir()) == [], "the service that left the settings was called"


MISTAKES: Mapping[str, Mapping[str, Any]] = {
    "sources.shop.foldr: there is no such key. Did you mean folder? Known here: kind, folder, complete_every": {
        "sources": {"shop": {"kind": "acme-shelf", "folder": "x", "foldr": "x"}}
    },
    "sources.shop.kind: there is no kind 'acme-shelves'. Did you mean acme-shelf? Known kinds: acme-shelf, adobe": {
        "sources": {"shop": {"kind": "acme-shelves", "folder": "x"}}
    },
    "scopes.en-US.shelv: there is no such key. Did you mean shelf? Known here: source, label": {
        "scopes": {"en-US": {"source": "shop", "shelv": "north"}}
    },
    "scopes.en-US.shelf: is missing. An acme-shelf source needs one, as in north.": {
        "scopes": {"en-US": {"source": "shop"}}
    },
    "scopes.en-US.path: means nothing to an acme-shelf source. Take the line out.": {
        "scopes": {"en-US": {"source": "shop", "shelf": "north", "path": "x.csv"}}
    },
    "services.window.connection: is missing. Add it: the id of a connection in Airflow": {
        "services": {"window": {"kind": "acme-window"}}
    },
    "services.window.kind: there is no kind 'window'. Did you mean acme-window? Known kinds: acme-window, feed": {
        "services": {"window": {"kind": "window", "connection": "window"}}
    },
    "services.window.max_bytes: there is no such key. Known here: kind, connection, without, label, accepts": {
        "services": {"window": {"kind": "acme-window", "connection": "window", "max_bytes": 1}}
    },
}
PARSE = """
import json, pathlib, sys
from datasync import errors, settings
for content in json.load(sys.stdin):
    try:
        print(settings.parse(content, pathlib.Path("/shop")))
    except errors.SettingsError as error:
        print(error)
"""


def test_a_mistake_in_such_settings_is_reported_as_in_any_others(acme: Packages, shop: Path) -> None:
    contents = json.dumps([{**SETTINGS, **parts} for parts in MISTAKES.values()])
    sentences = acme.python(shop, "-c", PARSE, stdin=contents).stdout.splitlines()
    assert [sentence[: len(start)] for sentence, start in zip(sentences, MISTAKES, strict=True)] == [*MISTAKES]


def test_the_schema_for_editors_has_kinds_of_other_packages(acme: Packages, shop: Path) -> None:
    schema = json.loads(acme.run(shop, "schema").stdout)
    kinds = schema["properties"]["sources"]["additionalProperties"]["discriminator"]["mapping"]
    assert kinds["acme-shelf"] == "#/$defs/ShelfSource"
    assert "shelf" in schema["$defs"]["Scope"]["properties"]
    assert schema["properties"]["services"]["additionalProperties"]["anyOf"][0] == {"$ref": "#/$defs/WindowService"}


def test_a_kind_whose_package_cannot_be_imported_names_the_package(packages: Packages, shop: Path) -> None:
    broken = {"broken/__init__.py": "", "broken/options.py": "import a_package_that_nobody_has\n"}
    packages.install("broken-shop", broken, sources={"acme-shelf": "broken.options:Source"}, services={})
    written(shop, services={"search": {}})
    checked = packages.run(shop, "check")
    assert checked.returncode == 2
    assert (
        "sources.shop.kind: the kind 'acme-shelf' cannot be imported from broken.options:Source, of the package "
        "broken-shop: ModuleNotFoundError: No module named 'a_package_that_nobody_has'. Install what the package "
        "lacks, install another version of broken-shop, or uninstall it."
    ) in checked.stderr
    assert "Traceback" not in checked.stderr


def test_a_broken_package_harms_nobody_who_does_not_use_it(packages: Packages, shop: Path) -> None:
    broken = {"broken/__init__.py": "raise RuntimeError('no')\n"}
    packages.install("broken-shop", broken, sources={"broken": "broken:Source"}, services={"gone": "broken:Service"})
    sample = {"sources": {"demo": {"kind": "sample", "size": 5}}, "scopes": {"en-US": {"source": "demo"}}}
    written(shop, **sample, services={"search": {}})
    assert packages.run(shop, "sync").returncode == 0
    written(shop, **sample, services={"search": {"lable": "x"}})
    assert "services.search.lable: there is no such key. Did you mean label?" in packages.run(shop, "check").stderr


def test_a_kind_that_lacks_a_package_when_it_is_opened_says_so(packages: Packages, shop: Path) -> None:
    lacking = {**PACKAGE, "acme/shelf.py": "import a_package_that_nobody_has\n"}
    packages.install("acme-datasync", lacking, sources=SOURCES, services=SERVICES)
    synced = packages.run(shop, "sync")
    assert (synced.returncode, "Traceback" in synced.stderr) == (2, False)
    assert (
        "sources.shop: needs the package a_package_that_nobody_has, which is not installed. Install what the package "
        "acme-datasync needs"
    ) in synced.stdout + synced.stderr


@pytest.mark.parametrize("kind", ["acme-shelf", "files"])
def test_a_kind_that_two_packages_declare_names_both(acme: Packages, shop: Path, kind: str) -> None:
    acme.install("other-shop", {}, sources={kind: "acme.options:ShelfSource"}, services={})
    written(shop, sources={"shop": {"kind": kind}})
    first = {"acme-shelf": "acme-datasync", "files": "datasync"}[kind]
    sentence = f"sources.shop.kind: the kind '{kind}' is declared by several packages: {first}, other-shop. Uninstall"
    assert sentence in acme.run(shop, "check").stderr


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        (
            "acme.options:absolute_at",
            "which is no class derived from datasync.settings.SourceOptions. Mend the",
        ),
        (
            "acme.options:ShelfSource",
            "declares ShelfSource, which lacks the line: kind: Literal['odd']. Mend the",
        ),
        (
            "acme.options:Nothing",
            "cannot be imported from acme.options:Nothing, of the package odd-shop: Attribute",
        ),
    ],
)
def test_what_is_declared_and_is_no_kind_is_refused(acme: Packages, shop: Path, place: str, problem: str) -> None:
    acme.install("odd-shop", {}, sources={"odd": place}, services={})
    written(shop, sources={"shop": {"kind": "odd", "folder": "x"}})
    assert problem in acme.run(shop, "check").stderr
