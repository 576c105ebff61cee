"""Files that say too little: nothing wrong is mapped in silence, and what is open stands in comments, with samples."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.shop import Shop

# A file, the column that is open, what must not be read of it, and what the comment about it says.
FILES = {
    "no field tells the records apart": (
        "group,colour,title\nx,red,Pen one\nx,red,Cap two\ny,red,Pen one\ny,red,Cap two\n",
        "sku",
        ["no field tells the records apart"],
    ),
    "two fields could be the SKU": (
        "nr_a,nr_b,title\n1001,77-1,Pen\n1002,77-2,Cap\n1003,77-3,Ink\n",
        "sku",
        ["several could be it", "sku: nr_a # 1001; 1002; 1003", "sku: nr_b # 77-1; 77-2; 77-3"],
    ),
    "nothing but numbers": (
        "sku,a,b\n1,3.5,7\n2,4.5,8\n3,5.5,9\n",
        "name",
        ["no field holds text that could be a name"],
    ),
    "hashes and addresses": (
        "sku,digest,where\n" + "".join(f"{n},{n:032x},https://x.example/{n}\n" for n in range(3)),
        "name",
        ["no field holds text that could be a name"],
    ),
    "two fields could be the name": (
        "sku,first,second\n1,Blue pen,Office things\n2,Red cap,Head wear\n3,Black ink,Other goods\n",
        "name",
        [
            "several could be it",
            "name: first # Blue pen; Red cap; Black ink",
            "name: second # Office things; Head wear",
        ],
    ),
    "a thousand or one": (
        "sku,name,price\n1,Pen,1.299 €\n2,Cap,2.150 €\n3,Ink,10.000 €\n",
        "price",
        ["1.299 € -> 1299.00; ", "1.299 € -> 1.299"],
    ),
    "marks that contradict each other": (
        'sku,name,price\n1,Pen,"12,50"\n2,Cap,12.50\n3,Ink,1.299\n',
        "price",
        ["price can be read in 2 ways", "1.299 -> 1299", "1.299 -> 1.299"],
    ),
    "percentages": (
        "sku,name,price\n1,Pen,19 %\n2,Cap,7 %\n3,Ink,0 %\n",
        "price",
        ["not understood", "price # 19 %; 7 %; 0 %"],
    ),
    "words for prices": (
        "sku,name,price\n1,Pen,cheap\n2,Cap,dear\n3,Ink,fair\n",
        "price",
        ["price # cheap; dear; fair"],
    ),
    "the third of April or the fourth of March": (
        "sku,name,updated_at\n1,Pen,03/04/2026\n2,Cap,05/06/2026\n3,Ink,07/08/2026\n",
        "updated_at",
        ["03/04/2026 -> 2026-04-03 00:00", "03/04/2026 -> 2026-03-04 00:00"],
    ),
    "letters for a status": (
        "sku,name,status\n1,Pen,A\n2,Cap,B\n3,Ink,C\n",
        "status",
        ["not understood", "status # A; B; C"],
    ),
    "a mark in a status that may say anything": (
        "sku,name,Status\n1,Pen,x\n2,Cap,\n3,Ink,x\n",
        "status",
        ["status: Status # x", "case when Status = 'x' then 'enabled' else 'disabled' end"],
    ),
    "words for stock": (
        "sku,name,stock\n1,Pen,plenty\n2,Cap,few\n3,Ink,none\n",
        "stock",
        ["stock # plenty; few; none"],
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_nothing_is_mapped_that_the_file_does_not_tell(tmp_path: Path, what: str) -> None:
    content, column, comments = FILES[what]
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    (tmp_path / "p.csv").write_text(content, encoding="utf-8")
    told = shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings))
    assert (told.code, told.err) == (0, "")
    written = shop.settings.read_text(encoding="utf-8")
    (scope,) = yaml.safe_load(written)["scopes"].values()
    assert scope["map"].get(column, "null") == "null"
    assert any(line.startswith(f"  {column}: NOT MAPPED: ") for line in told.lines)
    about = [line for line in written.splitlines() if "#" in line and f" {column}: " in line]
    assert [comment for comment in comments if not any(comment in line for line in about)] == []
    checked = shop.run("check")
    assert checked.code == (2 if column in ("sku", "name") else 0), checked.out
    if column in ("sku", "name"):
        assert f"{column} is not mapped, and no record has a field of that name." in checked.out
        assert f"under scopes.default.map, as {column}: FIELD" in checked.out


@pytest.mark.parametrize("value", ["a\nb: #c", "\x1b[31mred", "x\u2028y", "' \" \\ #", "{{ summary }}", "-->"])
def test_what_stands_in_a_file_is_only_text_in_comments(tmp_path: Path, value: str) -> None:
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    quoted = value.replace('"', '""')
    (tmp_path / "p.csv").write_text(f'sku,name,status\n1,Pen,"{quoted}"\n2,Cap,B\n', encoding="utf-8")
    told = shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings))
    assert told.code == 0, told.err
    written = shop.settings.read_text(encoding="utf-8")
    assert "\x1b" not in written + told.out
    (scope,) = yaml.safe_load(written)["scopes"].values()
    assert scope["map"] == {"sku": "sku", "name": "name", "status": "null"}
