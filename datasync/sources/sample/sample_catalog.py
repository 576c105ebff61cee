"""The sample shop's catalog: what it lists in a locale at a moment, worked out from the seed and the time alone.

Nothing is stored or replayed. Each product has periods of its own (price, stock, wording, season), so that the SQL in
sample.sql can say what it is at any moment, and since when. The words stand in sample_words.json; every text
there is a list in the order of ``LOCALES``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from typing import Any

import duckdb

from datasync.errors import UnknownName
from datasync.relation import Relation
from datasync.sql import filled, literal, query_of

LOCALES = ("en-US", "de-DE", "ja-JP", "ar-SA", "th-TH")
_NOBODY = {"code": "", "prefix": [""] * 5, "shelf": [""] * 5, "wear": [], "shoes": []}


def sample_records(con: duckdb.DuckDBPyConnection, *, locale: str, size: int, seed: int, at: datetime) -> Relation:
    """The shop's raw records in ``locale``, as they are ``at`` a moment: all text, in a stable order.

    Makes the temporary macros and tables that the relation needs; their names start with ``sample_``.
    """
    if locale not in LOCALES:
        raise UnknownName("locale", locale, LOCALES, "Name the scope after one of them, or give it a `locale`.")
    lang = LOCALES.index(locale)
    numbers = {"slots": _slots(size), "seed": seed % 1_000_003 * 104_729, "at": int(at.timestamp()), "lang": lang + 1}
    numbers_sql = {name: str(number) for name, number in numbers.items()}
    *makes, records = query_of("datasync.sources.sample", "sample").split(";\n")
    words = literal(json.dumps(_words(lang), ensure_ascii=False))
    for statement in makes:
        con.execute(filled(statement, **numbers_sql, words=words))
    return Relation(filled(records, **numbers_sql))


def _slots(size: int) -> int:
    """How many places ``size`` products need: at any moment about 1.8 % are between two products."""
    return size + size * 18 // 1000


class _Texts:
    """Every text of one locale in one list, so that the SQL reaches each by its number."""

    def __init__(self) -> None:
        self.all: list[str | None] = []
        self.known: dict[tuple[str | None, ...], int] = {}

    def first(self, run: list[str]) -> int:
        """The number (from 1) of the first of these texts, which stand together; of a NULL where there are none."""
        key = tuple(run) or (None,)
        if key not in self.known:
            self.known[key] = len(self.all) + 1
            self.all += key
        return self.known[key]


def _words(lang: int) -> dict[str, Any]:
    """The words of one locale, flat: a row that carried nested lists would cost ten times as much."""
    vocabulary = json.loads((files("datasync") / "sources" / "sample_words.json").read_text(encoding="utf-8"))
    texts = _Texts()
    clothes = [offer for noun in vocabulary["clothes"] for offer in _offers(vocabulary, noun, lang, texts)]
    things = [offer for noun in vocabulary["things"] for offer in _offers(vocabulary, noun, lang, texts)]
    return {
        "l": vocabulary["locales"][lang],
        "colours": [{"code": colour["code"], "text": colour["text"][lang]} for colour in vocabulary["colours"]],
        "offers": clothes + things,
        "clothes": len(clothes),
        "things": len(things),
        "texts": texts.all,
        "hostile": vocabulary["hostile"],
        "endless": vocabulary["endless"],
    }


def _offers(vocabulary: dict[str, Any], noun: dict[str, Any], lang: int, texts: _Texts) -> Iterator[dict[str, Any]]:
    """What the shop can make of a noun: one offer for each group of people it is for, as often as it weighs."""
    kind = next(kind for kind in vocabulary["kinds"] if kind["code"] == noun["kind"])
    department = next(entry for entry in vocabulary["departments"] if entry["code"] == kind["department"])
    people = [audience for audience in vocabulary["audiences"] if audience["code"] in noun.get("for", "")] or [_NOBODY]
    materials = [
        material["text"][lang] for material in vocabulary["materials"] if material["code"] in noun.get("materials", ())
    ]
    locale = vocabulary["locales"][lang]
    made_of = [locale["gap"] + locale["made"].replace("{material}", material) for material in materials]
    runs = {"line": department["lines"], "brand": department["brands"], "say": [say[lang] for say in kind["says"]]}
    runs |= {"material": materials, "spec": [spec[lang] for spec in noun.get("specs", ())]}
    for audience in people * noun.get("weight", 1):
        fits = audience["shoes"] if department["code"] == "shoes" else audience["wear"]
        yield {
            "slug": noun["slug"], "sku": noun.get("sku"), "type": noun.get("type", "simple"),
            "coloured": noun.get("coloured", False), "low": noun["low"], "high": noun["high"],
            "people": audience["code"],
            **_name(locale["head"], audience["prefix"][lang], noun["text"][lang]),
            "categories": _path(department["text"][lang], audience["shelf"][lang], kind["text"][lang]),
            **{f"{name}_at": texts.first(run) for name, run in runs.items()},
            **{f"{name}_count": max(len(run), 1) for name, run in runs.items()},
            "made_at": texts.first(made_of), "fit_at": texts.first([fit["text"][lang] for fit in fits]),
            "fit_code_at": texts.first([fit["code"] for fit in fits]),
        }  # fmt: skip


def _name(head: str, prefix: str, noun: str) -> dict[str, str]:
    before, after = head.replace("{for}", prefix).replace("{noun}", noun).split("{line}")
    return {"before": before, "after": after}


def _path(department: str, people: str, kind: str) -> str:
    return json.dumps([department, "/".join(part for part in (department, people, kind) if part)], ensure_ascii=False)
