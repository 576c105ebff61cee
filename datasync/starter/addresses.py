"""What stands in the place of a whole address: names of files, paths of a shop, and paths of a computer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from datasync.starter.choice import Choice, Reading
from datasync.starter.sample import Field

Kind = Literal["whole", "local", "path", "name", "other"]
_WHOLE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://|//|www\.|data:|[\[{]", re.IGNORECASE)
_LOCAL = re.compile(r"file:|[a-z]:[\\/]|\\\\|.*\\", re.IGNORECASE)  # C:\x.jpg, \\server\x.jpg, pictures\x.jpg
_NAME = re.compile(r".*\.\w{3,4}", re.DOTALL)
_SHOP = "'https://shop.example'"
_MEDIA = "'https://shop.example/media/'"
_FILE_NAME = "regexp_extract(trim({0}), '[^/\\\\]+$')"
_HOLD = {
    "name": "names of files and no addresses",
    "path": "paths and no whole addresses",
    "local": "paths of a computer and no addresses, so the names of the files are taken",
    "other": "what is no whole address",
}


def kind_of(example: str) -> Kind:
    """What a value is, by how it begins and ends."""
    if _WHOLE.match(example):
        return "whole"
    if _LOCAL.match(example):
        return "local"
    if example.startswith("/"):
        return "path"
    return "name" if _NAME.fullmatch(example) else "other"


def _kinds(fields: Sequence[Field]) -> set[Kind]:
    return {kind_of(example) for field in fields for example in field.examples}


def are_incomplete(fields: Sequence[Field]) -> bool:
    """Whether some of the values are no address that a browser could open from anywhere."""
    return bool(_kinds(fields) - {"whole"})


def to_complete(column: str, fields: Sequence[Field], sql: str, *, is_list: bool) -> Choice:
    """What is no whole address, and the line with the address of the shop before each, for a person to complete.

    Of a path that only one computer has, the name of the file is taken. Where values differ in kind, no line fits all.
    """
    names, kinds = [field.name for field in fields], _kinds(fields)
    hold = "hold" if len(names) > 1 else "holds"
    if len(kinds) > 1 or "other" in kinds:
        what = "some values that are no whole address" if "whole" in kinds else _HOLD["other"]
        return Choice(column, sql, tuple(names), note=f"{', '.join(names)} {hold} {what}")
    (kind,) = kinds
    own = _of_each(sql, _FILE_NAME, is_list=is_list) if kind == "local" else sql
    whole = _of_each(own, f"{_SHOP if kind == 'path' else _MEDIA} || {{0}}", is_list=is_list)
    note = (
        f"{', '.join(names)} {hold} {_HOLD[kind]}; the other line puts an address before them: write that of your shop"
    )
    return Choice(column, own, tuple(names), note=note, options=(Reading(whole),))


def plain_forms(f: str) -> tuple[str, str]:
    """The forms in which a field ``f`` is one image: as it stands, and without the path before it."""
    return f, _FILE_NAME.format(f)


def _of_each(sql: str, expression: str, *, is_list: bool) -> str:
    """An expression over a value, or over each of a list; ``{0}`` stands for the value."""
    return (
        f"list_transform({sql}, lambda element: {expression.format('element')})" if is_list else expression.format(sql)
    )
