"""Every kind of source keeps the contract."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from datasync import registry
from datasync.connection import from_environment
from datasync.settings import source_kind
from datasync.sources.base import Opening, Source
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.sources.files.source import Files
from datasync.sql import literal
from datasync.store.files import Folder, Store, connect
from tests.postgres import PostgreSQL
from tests.sources import databases
from tests.sources.contract import ChangingContract, SourceContract, product

RECORDS = [{"sku": "A", "name": "a", "two words": "1"}, {"sku": "B", "name": "b", "two words": None}]
LINES = b'{"sku":"A","name":"a","two words":1}\n\n{"sku":"B","name":"b","two words":null}\n'


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Folder(str(tmp_path / "store"))) as opened:
        yield opened


def files(path: Path, **keys: str) -> Source:
    return Files("en-US", FilesScope(source="exports", path=str(path), **keys), FilesSource(kind="files"))  # type: ignore[arg-type]


def of_kind(kind: str, options: Mapping[str, Any], **address: str) -> Source:
    """A source of any kind that needs no connection, by its options and the keys of its scope."""
    model = source_kind(kind)
    source_options = model(kind=kind, **options)
    scope = model.scope_model(source="shop", **address)
    source: Source = source_options.open(Opening("en-US", scope, source_options, from_environment))
    return source


class TestCsv(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        (tmp_path / "x.csv").write_text('sku,name,two words\nA,a,1\nB,"b\nb",\n', encoding="utf-8")
        return files(tmp_path / "*.csv")


class TestJsonLines(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(LINES))
        (tmp_path / "y.jsonl.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + LINES))
        return files(tmp_path / "*.gz")


class TestParquet(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        pd.DataFrame(RECORDS).to_parquet(tmp_path / "x.parquet")
        return files(tmp_path / "x.parquet")


class TestXlsx(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        pd.DataFrame(RECORDS).to_excel(tmp_path / "x.xlsx", index=False)
        return files(tmp_path / "x.xlsx", snapshot="newest")


class TestPartial(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        (tmp_path / "x.jsonl").write_bytes(LINES)
        (tmp_path / "y.jsonl").write_bytes(LINES)
        return files(tmp_path / "*.jsonl", snapshot="partial")


class TestSample(SourceContract):
    @pytest.fixture
    def source(self) -> Source:
        return of_kind("sample", {"size": 50})


class TestSqlite(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        return databases.source(shop(databases.SqliteFile(tmp_path / "shop.db")))


class TestPostgres(SourceContract):
    @pytest.fixture
    def source(self, postgres: PostgreSQL) -> Source:
        return databases.source(shop(databases.OnServer(postgres.database(), "postgres")))


class TestSqlByPages(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        place = shop(databases.SqliteFile(tmp_path / "shop.db", "sqlite+pysqlite"))
        return databases.source(place, {"page_size": 1}, Folder(str(tmp_path / "store")), "run", key="id")


@dataclass(frozen=True)
class Filled:
    """A table that a test fills; its cursor says when a row was changed, in UTC."""

    place: databases.Place

    def sells(self, *products: Mapping[str, Any]) -> None:
        told = [(one["sku"], one["name"], one["updated"][:19].replace("T", " ")) for one in products]
        rows = ", ".join(f"({number}, {', '.join(map(literal, one))})" for number, one in enumerate(told, 1))
        self.place.run("DELETE FROM product", *([f"INSERT INTO product VALUES {rows}"] if rows else []))

    def fill(self, count: int) -> None:
        self.sells(*(product(f"SKU-{number:07}", number) for number in range(count)))

    def watermark(self, moment: datetime) -> str:
        return json.dumps({"until": moment.isoformat()})

    def source(self, store: Store, run: str = "r1", **keys: Any) -> Source:
        return databases.source(self.place, keys, cursor="changed", key="id")


class TestSqlChanges(ChangingContract):
    @pytest.fixture
    def shop(self, tmp_path: Path) -> Filled:
        place = databases.SqliteFile(tmp_path / "shop.db", "sqlite+pysqlite")
        place.run("CREATE TABLE product (id INTEGER, sku VARCHAR(20), name VARCHAR(40), changed TIMESTAMP)")
        return Filled(place)


def shop(place: databases.Place) -> databases.Place:
    place.run(
        'CREATE TABLE product (id INTEGER, sku VARCHAR(9), name VARCHAR(9), "two words" TEXT, changed TIMESTAMP)',
        "INSERT INTO product VALUES (1, 'A', 'a', 'x', NULL), (2, 'B', 'b', NULL, '2026-11-20 08:00:00')",
    )
    return place


def test_every_kind_is_here() -> None:
    assert set(registry.names(registry.SOURCES)) == {
        "adobe-commerce",
        "akeneo",
        "files",
        "sample",
        "sql",
    }
