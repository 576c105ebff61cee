"""Text on its way to a terminal, and from the command line: one place where either is made safe.

Names, reasons, run ids and error sentences come from catalogs and requests, so they may hold anything a terminal obeys.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TextIO

from datasync.errors import InvalidSettings

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI, as colours are
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and such
    r"|\x1b[ -/]*[0-~]"  # any other
)
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_UNPRINTED = {
    ord(character): f"\\u{ord(character):04x}"
    for character in (*_BIDI, "\x7f", *map(chr, range(0x80, 0xA0)), "\u2028", "\u2029")
}


def plain(value: object) -> str:
    """Text that a terminal only shows: no escape sequence, control character or bidi override, and one line.

    Half a surrogate pair, which no encoding takes, becomes U+FFFD.
    """
    text = _BLANKS.sub(" ", _ESCAPES.sub("", str(value)))
    return "".join(
        "\ufffd" if 0xD800 <= ord(character) < 0xE000 else character
        for character in text
        if character not in _BIDI and unicodedata.category(character) != "Cc"
    )


def as_json(content: object) -> str:
    """JSON that is readable in any language, with everything escaped that a terminal would obey."""
    return json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode().translate(_UNPRINTED)


def moment(text: str) -> datetime:
    """The time that ``--as-of`` names: ISO 8601 with a zone. Raises InvalidSettings."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidSettings("--as-of", f"{text!r} is no time.", "Write it as in 2026-11-24T03:00:00Z.") from None
    if time.tzinfo is None:
        raise InvalidSettings(
            "--as-of", f"{text!r} has no zone.", "Add Z for UTC, or an offset, as in 2026-11-24T03:00:00+01:00."
        )
    return time


def sku_list(arguments: Iterable[str], file: str | None, stdin: TextIO) -> list[str]:
    """SKUs from ``--sku`` and from a file with one a line (``-`` is stdin), blank lines left out, a BOM forgiven."""
    lines = list(arguments)
    if file == "-":
        lines += stdin.read().removeprefix("\ufeff").split("\n")
    elif file is not None:
        lines += _lines(Path(file))
    skus = [line.strip() for line in lines if line.strip()]
    for sku in skus:
        utf8("SKUs", sku)
    if file is not None and not skus:
        raise InvalidSettings(
            "--skus", f"{file} names no SKU.", "Write one a line; without --skus every product is read."
        )
    return skus


def looks_like_several(sku: str) -> bool:
    """True if one SKU looks like a list: parts without blanks, separated by one sign."""
    return any(
        len(parts := sku.split(sign)) > 1 and all(part.strip() and " " not in part.strip() for part in parts)
        for sign in (",", ";", "\t")
    )


def utf8(key: str, text: str) -> str:
    """``text``, if it is text at all: a shell can hand over bytes that are none. Raises InvalidSettings."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidSettings(key, f"{plain(text)!r} is not UTF-8.", "Give it in UTF-8.") from None
    return text


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InvalidSettings(
            "--skus", f"{file} cannot be read: {error.strerror}.", "Name a file with one SKU a line."
        ) from None
    except UnicodeDecodeError:
        raise InvalidSettings("--skus", f"{file} is not UTF-8.", "Save it as UTF-8.") from None
