"""The ERP example, on PostgreSQL and on SQLite: partial pulls and a complete one, after changes of every kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from datasync import settings
from datasync.connection import from_uri
from datasync.pipeline import Pipeline
from datasync.store.files import Folder
from datasync.store.logs import catalog_log
from tests.postgres import PostgreSQL
from tests.sources.databases import Place, made
from tests.views import view

ERP = Path(__file__).parents[1] / "examples" / "erp"
LOCALES = {"de-DE": "de_DE", "en-US": "en_US"}
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


class Erp:
    """The example's settings over a database of the test's own; every pull is an hour after the one before."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place, self.now = place, datetime(2026, 11, 23, tzinfo=UTC)
        self.place.run(*_statements())
        found = settings.load(ERP / "datasync.yaml")
        found = found.model_copy(update={"store": str(folder / "store"), "site": str(folder / "site")})
        credentials = lambda name: from_uri(name, place.uri())  # noqa: E731
        self.line = Pipeline(found, Folder(found.store), lambda: self.now, credentials)

    def sells(self, *numbers: int) -> None:
        """Add articles, in both locales, changed long ago."""
        for number in numbers:
            self.place.run(
                f"INSERT INTO article VALUES ({number}, 'A-{number}', 'Y', 9, 'Toys', '2026-11-01 08:00:00', NULL)",
                f"INSERT INTO price VALUES ({number}, 'EUR', 10.00, '2026-11-01 08:00:00')",
                *(
                    f"INSERT INTO article_text VALUES ({number}, '{locale:10}', 'Toy {number}', NULL, NULL)"
                    for locale in LOCALES.values()
                ),
            )

    def write(self, table: str, article: int, change: str, *, ago: timedelta | None = timedelta(minutes=30)) -> None:
        """Change an article's rows of a table, dated a while ago; None leaves its date as it was."""
        dated = f", changed_at = '{self.local(ago)}'" if ago is not None else ""
        key = "id" if table == "article" else "article_id"
        self.place.run(f"UPDATE {table} SET {change}{dated} WHERE {key} = {article}")

    def local(self, ago: timedelta = timedelta(minutes=30)) -> str:
        """A moment as the ERP writes it."""
        return f"{(self.now - ago).astimezone(BERLIN):%Y-%m-%d %H:%M:%S}"

    def sync(self) -> dict[str, dict[str, Any]]:
        """A scheduled run, and an hour passes; what each pull and its catalog told, by scope."""
        run, told = self.line.begin(f"run-{self.now:%d-%H}", "sync", (), "schedule", ""), {}
        for scope in LOCALES:
            pulled = self.line.pull(run, scope)
            told[scope] = {"pull": pulled, **self.line.apply(run, scope)}
        self.line.close(run)
        self.now += HOUR
        return told

    def catalog(self, scope: str) -> dict[str, tuple[Any, ...]]:
        """What the catalog has, by SKU."""
        with self.line.connected() as con:
            view(con, "catalog", catalog_log(self.line.store, scope).fold())
            columns = "sku, name, description, status, stock, price, categories"
            return {
                row[0]: row[1:]
                for row in con.execute(f"SELECT {columns} FROM catalog WHERE hash IS NOT NULL").fetchall()
            }

    def source(self, scope: str) -> dict[str, tuple[Any, ...]]:
        """What the tables say of the products of a scope, made without any of the product's code."""
        articles = self.place.run("SELECT id, number, active, stock, category, deleted_at FROM article")
        prices = {row[0]: row[1] for row in self.place.run("SELECT article_id, CAST(amount AS TEXT) FROM price")}
        texts = {
            article: (title, body)
            for article, locale, title, body in self.place.run(
                "SELECT article_id, locale, title, body FROM article_text"
            )
            if locale.strip() == LOCALES[scope]
        }
        return {
            number: (
                *texts[article],
                "enabled" if active == "Y" else "disabled",
                "in-stock" if stock > 3 else "low-stock" if stock > 0 else "out-of-stock",
                Decimal(prices[article]) if article in prices else None,
                [category],
            )
            for article, number, active, stock, category, deleted in articles
            if article in texts and not deleted and texts[article][0]
        }


def _statements() -> Iterator[str]:
    text = "\n".join(line for line in (ERP / "schema.sql").read_text(encoding="utf-8").splitlines() if line[:2] != "--")
    return (statement for part in text.split(";\n") if (statement := part.strip()))


@pytest.fixture(params=["postgresql", "sqlite"])
def erp(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> Erp:
    return Erp(made(request.param, postgres, tmp_path), tmp_path)


def test_tables_with_dates_of_their_own_and_padded_codes_make_products_in_each_locale(erp: Erp) -> None:
    erp.sync()
    for scope, skus in (("de-DE", ["00123", "00124", "WS-7"]), ("en-US", ["00123", "00124"])):
        assert erp.catalog(scope) == erp.source(scope)
        assert sorted(erp.catalog(scope)) == skus
    assert erp.catalog("de-DE")["00123"][:1] + erp.catalog("de-DE")["00123"][4:5] == (
        "Regenjacke Alpina",
        Decimal("89.90"),
    )


def test_any_of_the_dates_brings_a_product_along_and_only_in_the_locale_it_is_about(erp: Erp) -> None:
    erp.sync()
    erp.place.run(
        f"UPDATE article_text SET title = 'Trail shoe', changed_at = '{erp.local()}' "
        "WHERE article_id = 2 AND locale = 'en_US     '"
    )
    told = erp.sync()
    assert (told["en-US"]["updated"], told["de-DE"]["updated"]) == (1, 0)
    erp.write("price", 1, "amount = 79.90")
    assert {scope: one["updated"] for scope, one in erp.sync().items()} == {"de-DE": 1, "en-US": 1}


def test_after_three_partial_pulls_and_a_complete_one_the_catalog_is_the_source_and_the_missed_rate_is_the_true_one(
    erp: Erp,
) -> None:
    erp.sells(*range(10, 22))
    first = erp.sync()
    assert {one["pull"]["what"] for one in first.values()} == {"complete"}
    changed: Counter[str] = Counter()

    def partial() -> None:
        told = erp.sync()
        assert {one["pull"]["what"] for one in told.values()} == {"changed"}
        changed.update({scope: one["added"] + one["updated"] for scope, one in told.items()})

    def differs(*skus: str) -> None:
        for scope in LOCALES:
            now, ought = erp.catalog(scope), erp.source(scope)
            assert {sku for sku in {*now, *ought} if now.get(sku) != ought.get(sku)} == set(skus)

    erp.write("price", 10, "amount = 12.50")
    erp.write("article", 11, "stock = 0")
    erp.write("article_text", 12, "title = 'Toy twelve'")
    erp.write("article", 13, f"deleted_at = '{erp.local()}'")
    erp.write("article_text", 14, "title = NULL")
    partial()
    differs("A-14")  # in quarantine: its last valid version stays
    assert set(changed.values()) == {3}

    erp.write("article", 13, "deleted_at = NULL")
    erp.write("article_text", 14, "title = 'Toy fourteen'")
    erp.write("article", 15, "number = 'B-15'")
    erp.write("price", 16, "amount = 11.00", ago=None)  # missed: its date does not move
    erp.place.run(
        *(f"DELETE FROM {table} WHERE {key} = 17" for table, key in (("article", "id"), ("price", "article_id")))
    )
    partial()
    differs("A-15", "A-16", "A-17")
    assert set(changed.values()) == {6}

    erp.write("article", 18, "active = 'N'")
    erp.write("article", 19, "stock = 1", ago=timedelta(hours=2.5))  # missed: committed long after its date
    erp.write("article", 20, "stock = 2", ago=None)  # missed
    erp.write("article_text", 21, "body = 'Fluffy.'", ago=None)  # missed
    partial()
    differs("A-15", "A-16", "A-17", "A-19", "A-20", "A-21")
    assert set(changed.values()) == {7}

    erp.now += timedelta(hours=20)
    erp.write("price", 10, "amount = 13.00")  # not missed: the next partial pull would have read it
    last = erp.sync()
    for scope, told in last.items():
        assert told["pull"]["note"] == "Complete, because 24 hours have passed since the last one."
        assert erp.catalog(scope) == erp.source(scope)
        missed = told["missed"]
        assert (missed["unmoved"], missed["late"], missed["removed"]) == (3, 1, 2)
        assert missed["changed"] == changed[scope] + 5
    (shown,) = erp.line.status()["sources"]
    assert (shown["missed"], shown["changed"], shown["removed"]) == (8, 24, 4)
    assert shown["missed_rate"] == 8 / 24
    assert (shown["better_lookback_seconds"], shown["better_complete_every_seconds"]) == (90 * 60, 6 * 3600)
