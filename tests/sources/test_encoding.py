"""``encoding:`` of a scope of files: any codec, the same catalog as from UTF-8; and how `init` tells it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import yaml

from tests.pulling import Desk, balance
from tests.shop import SERVICES, Shop

WORDS = {
    "windows-1252": "Größe für 5 € – «schön»",
    "iso-8859-15": "Größe für 5 €",
    "windows-1250": "Żółty kubek, świeży",
    "windows-1251": "Чайник жёлтый",
    "shift_jis": "赤い椅子、表示",
    "utf-16": "Größe 赤い Żółty 😀",
    "utf-16-le": "Größe 赤い",
    "gb18030": "红色的椅子",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", WORDS)
def test_a_file_in_any_encoding_reads_as_the_same_file_in_utf_8(tmp_path: Path, encoding: str, packed: bool) -> None:
    word, desk = WORDS[encoding], Desk(tmp_path)
    rows = "".join(f'{n:05},"{word} {n}"\n' for n in range(3_000))
    lines = "".join(json.dumps({"sku": f"{n:05}", "name": f"{word} {n}"}, ensure_ascii=False) + "\n" for n in range(9))
    for name, content, number in (("p.csv", "sku,name\n" + rows, 3_000), ("p.jsonl", lines, 9)):
        made, file = content.encode(encoding), name + ".gz" * packed
        desk.write(file, gzip.compress(made) if packed else made)
        found = desk.pull(file, encoding=encoding)
        assert balance(found) == (number, number, 0, 0)
        assert desk.products(found, "name")[:2] == [f"{word} 0", f"{word} 1"]


def test_a_byte_that_the_encoding_does_not_have_costs_its_own_record_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("p.csv", b"sku,name\n1,Gr\xf6\xdfe\n2,\x81\n3,ok\n")
    found = desk.pull("p.csv", encoding="windows-1252")
    assert balance(found) == (3, 2, 1, 0)
    assert desk.products(found, "name") == ["Größe", "ok"]
    assert found.unreadable == 1


def test_files_of_changes_are_read_once_in_their_encoding(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("a.csv", "sku,name\n1,Größe\n".encode("latin-1"))
    keys = {"snapshot": "partial", "encoding": "latin-1"}
    desk._seconds = iter(range(10**6, 10**7))  # type: ignore[assignment]  # long after the files were written
    first = desk.pull("*.csv", "changed", **keys)
    assert desk.products(first, "name") == ["Größe"]
    desk.write("b.csv", "sku,name\n2,Süß\n".encode("latin-1"))
    second = desk.pull("*.csv", "changed", watermark=first.watermark, **keys)
    assert desk.products(second, "name") == ["Süß"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("windows-1253a", "scopes.en-US.encoding: 'windows-1253a' is no encoding: write one as in windows-1252"),
        ("base64", "scopes.en-US.encoding: 'base64' is no encoding"),
    ],
)
def test_an_encoding_that_there_is_not_is_named(tmp_path: Path, given: str, sentence: str) -> None:
    scope = f"{{source: exports, path: p.csv, encoding: {given}}}"
    shop = Shop(tmp_path, f"sources: {{exports: {{kind: files}}}}\nscopes: {{en-US: {scope}}}\n{SERVICES}")
    told = shop.run("check")
    assert (told.code, told.err.startswith(f"datasync: {sentence}")) == (2, True), told.err


@pytest.mark.parametrize("encoding", ["windows-1252", "windows-1250", "windows-1251", "utf-16", "shift_jis"])
def test_init_tells_the_encoding_from_the_bytes(tmp_path: Path, encoding: str) -> None:
    texts = {
        "windows-1252": ("Größe M für Männer", "Schöne Tücher aus Köln", "Preis in €"),
        "windows-1250": ("Żółty kubek na herbatę", "Świeży chleb i masło", "Łóżko dziecięce"),
        "windows-1251": ("Чайник жёлтый большой", "Кружка для чая", "Стол деревянный"),
        "utf-16": ("Größe M für Männer", "赤い椅子", "Łóżko"),
        "shift_jis": ("赤い椅子と机", "白いカップです", "青いペンの箱"),
    }[encoding]
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    rows = "".join(f"A{n};{text};{n},50\n" for n, text in enumerate(texts, 1))
    (tmp_path / "p.csv").write_bytes(f"Artikelnummer;Bezeichnung;Preis\n{rows}".encode(encoding))
    told = shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings))
    assert (told.code, told.err) == (0, "")
    assert yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"]["default"]["encoding"]
    assert shop.run("sync").code == 0
    assert [shop.json("why", f"A{n}")["scopes"][0]["catalog"]["name"] for n in (1, 2, 3)] == list(texts)
