"""The seal of a Parquet file: readers pass over it, and any byte that changed shows."""

from __future__ import annotations

import io
import random
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from datasync.store.files import Store
from datasync.store.seal import SIZE, seal, verdict

ROWS = "SELECT 'sku' || i AS sku, md5(i::VARCHAR) AS hash, i * 1.5 AS price FROM range(20000) t(i)"
NOTE = "KV_METADATA {datasync: '{}'}"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sealed") / "file.parquet"
    duckdb.execute(f"COPY ({ROWS}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 5000, {NOTE})")
    return path


@pytest.fixture(scope="module")
def sealed(file: Path) -> bytes:
    plain = file.read_bytes()
    seal(file)
    assert len(file.read_bytes()) == len(plain) + SIZE
    return file.read_bytes()


def test_every_reader_passes_over_the_seal(sealed: bytes, file: Path) -> None:
    assert duckdb.execute(f"SELECT count(*) FROM (FROM '{file}' EXCEPT {ROWS})").fetchone() == (0,)
    assert pq.read_table(file).num_rows == 20_000
    assert pq.read_metadata(file).metadata[b"datasync"] == b"{}"


def test_a_seal_is_put_in_once_and_only_into_parquet(sealed: bytes, file: Path, tmp_path: Path) -> None:
    seal(file)
    assert file.read_bytes() == sealed
    for content in (b"", b"PAR1", b"{}", b"PAR1" + bytes(40) + b"PAR1", sealed[:-1], sealed[1:]):
        other = tmp_path / "other"
        other.write_bytes(content)
        seal(other)
        assert verdict(io.BytesIO(content), deep=True) in ("broken", "unsealed")
        assert other.read_bytes()[:4] == content[:4]


def test_forty_zeroed_bytes_anywhere_show(sealed: bytes) -> None:
    footer = len(sealed) - 8 - int.from_bytes(sealed[-8:-4], "little")
    for seed in range(300):
        at = random.Random(seed).randrange(len(sealed) - 40)
        damaged = sealed[:at] + bytes(40) + sealed[at + 40 :]
        deep, shallow = (verdict(io.BytesIO(damaged), deep=deep) for deep in (True, False))
        if footer - 56 < at < footer:
            continue  # the mark itself: without it the file is one of before there were seals
        assert deep == "broken", at
        assert shallow == ("whole" if 4 < at < footer - SIZE - 8 else "broken"), at


def test_a_cut_a_longer_and_an_unsealed_file_are_told_apart(sealed: bytes) -> None:
    unsealed = sealed.replace(sealed[-8 - int.from_bytes(sealed[-8:-4], "little") - SIZE :][:SIZE], b"")
    assert verdict(io.BytesIO(unsealed), deep=True) == "unsealed"
    assert verdict(io.BytesIO(sealed), deep=True) == "whole"
    for content in (sealed[:-1], sealed + b"\0", sealed[: len(sealed) // 2], b"", bytes(len(sealed))):
        assert verdict(io.BytesIO(content), deep=False) == "broken"


def test_a_store_seals_what_it_is_given_and_moves_a_file_as_it_is(store: Store, file: Path, tmp_path: Path) -> None:
    for name, put in (("created", store.create), ("replaced", store.replace)):
        made = tmp_path / name
        duckdb.execute(f"COPY ({ROWS}) TO '{made}' (FORMAT parquet, {NOTE})")
        put(f"a/scope=x/{name}.parquet", made)
        with store.open(f"a/scope=x/{name}.parquet") as content:
            assert verdict(content, deep=True) == "whole"
    made = tmp_path / "half"
    made.write_bytes(b"PAR1 half")
    store.create("a/scope=x/half.parquet", made)
    store.move("a/scope=x/half.parquet", "lost+found/a/scope=x/half.parquet")
    assert sorted(store.listing("a/scope=x")) == ["created.parquet", "replaced.parquet"]
    assert store.read("lost+found/a/scope=x/half.parquet") == b"PAR1 half"
    with pytest.raises(FileNotFoundError):
        store.read("a/scope=x/half.parquet")
