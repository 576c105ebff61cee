"""Exports of services: on S3, as moto serves it on loopback, and what is left where one was killed."""

from __future__ import annotations

import json
import os
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import s3fs

from datasync.errors import InvalidSettings
from datasync.settings import parse
from tests.shop import SETTINGS, Shop

A, B, C = (
    ("A-1", "Äpfel 'n\" more", "enabled", "", ""),
    ("B-2", "Bread", "enabled", "", ""),
    ("C-3", "C", "enabled", "", ""),
)


@pytest.fixture
def root() -> str:
    return f"s3://shop/{uuid.uuid4().hex}"


@pytest.fixture
def fs(s3: dict[str, Any]) -> s3fs.S3FileSystem:
    return s3fs.S3FileSystem(**s3, skip_instance_cache=True, use_listings_cache=False)


def _shop(folder: Path, s3: dict[str, Any], export: str, more: str = "") -> Shop:
    shop = Shop(folder, f"store_options: {json.dumps(s3)}\n{more}{SETTINGS}  out: {{export: '{export}'}}\n")
    shop.sells(A, B)
    return shop


@pytest.mark.parametrize("is_store_there_too", [False, True], ids=["store in a folder", "store on S3 too"])
def test_an_export_stands_on_s3_and_nothing_beside_it(
    tmp_path: Path, s3: dict[str, Any], fs: s3fs.S3FileSystem, root: str, is_store_there_too: bool
) -> None:
    more = f"store: {root}/store\n" if is_store_there_too else ""
    shop = _shop(tmp_path, s3, f"{root}/out/{{service}}-{{scope}}.jsonl", more)
    assert shop.run("sync").code == 0
    lines = fs.cat_file(f"{root}/out/out-en-US.jsonl").decode().splitlines()
    assert [(one["sku"], one["name"]) for one in map(json.loads, lines)] == [("A-1", A[1]), ("B-2", "Bread")]
    shop.sells(B, C)
    assert shop.run("sync").code == 0
    lines = fs.cat_file(f"{root}/out/out-en-US.jsonl").decode().splitlines()
    assert [json.loads(line)["sku"] for line in lines] == ["B-2", "C-3"]
    assert [path.rpartition("/")[2] for path in fs.find(f"{root}/out")] == ["out-en-US.jsonl"]


def test_an_export_on_s3_can_be_parquet(tmp_path: Path, s3: dict[str, Any], fs: s3fs.S3FileSystem, root: str) -> None:
    shop = _shop(tmp_path, s3, f"{root}/{{scope}}.parquet")
    assert shop.run("sync").code == 0
    with fs.open(f"{root}/en-US.parquet") as file:
        assert pq.read_table(file, columns=["sku", "name"]).to_pylist() == [
            {"sku": "A-1", "name": A[1]}, {"sku": "B-2", "name": "Bread"},
        ]  # fmt: skip


def test_a_bucket_that_is_not_there_is_a_mistake_of_the_export_and_not_of_the_store(
    tmp_path: Path, s3: dict[str, Any]
) -> None:
    shop = _shop(tmp_path, s3, "s3://nowhere/{scope}.jsonl")
    checked = shop.run("check")
    assert (checked.code, "problem  services.out.export: s3://nowhere cannot be written" in checked.out) == (2, True)
    told = shop.run("sync")
    assert told.code == 2
    assert "services.out.export: 's3://nowhere' cannot be written to" in told.err
    assert shop.json("status")["scopes"][0]["services"][2]["total_received"] == 2, "it has them all the same"


def test_a_check_of_an_export_on_s3_leaves_nothing_there(
    tmp_path: Path, s3: dict[str, Any], fs: s3fs.S3FileSystem, root: str
) -> None:
    told = _shop(tmp_path, s3, f"{root}/out/{{scope}}.jsonl").run("check")
    assert [line for line in told.lines if line.startswith("problem") and "export" in line] == []
    assert fs.find(root) == []


@pytest.mark.parametrize("export", ["s3://bucket", "s3://bucket/", "s3://bucket/a/", "gs://bucket/x.jsonl", "s3:///x"])
def test_a_place_that_can_be_no_export_is_refused_with_the_settings(tmp_path: Path, export: str) -> None:
    services = {"out": {"export": export}}
    given = {"sources": {"demo": {"kind": "sample"}}, "scopes": {"en": {"source": "demo"}}, "services": services}
    with pytest.raises(InvalidSettings, match=r"services\.out\.export.*s3://bucket/exports/\{scope\}\.jsonl"):
        parse(given, tmp_path)


def test_a_file_in_the_way_of_an_export_is_named_with_its_key(tmp_path: Path, s3: dict[str, Any]) -> None:
    shop = _shop(tmp_path, s3, "out/{scope}.jsonl")
    (tmp_path / "out").write_text("a file")
    told = shop.run("sync")
    assert (told.code, f"services.out.export: {tmp_path}/out cannot be a folder" in told.err) == (2, True)


def test_what_a_killed_export_left_is_tidied_a_day_later(tmp_path: Path, s3: dict[str, Any]) -> None:
    shop = _shop(tmp_path, s3, "out/{scope}.jsonl")
    shop.run("sync")
    old, new = tmp_path / "out/.scratch/old", tmp_path / "out/.scratch/new"
    for file, days in ((old, 2), (new, 0)):
        file.write_text("half a file")
        at = (shop.now - timedelta(days=days)).timestamp()
        os.utime(file, (at, at))
    assert "scratch 1" in shop.run("tidy", "--dry-run").out
    assert old.exists()
    assert "scratch 1" in shop.run("tidy").out
    assert (old.exists(), new.exists(), (tmp_path / "out/en-US.jsonl").exists()) == (False, True, True)
