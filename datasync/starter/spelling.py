"""The names of fields, as SQL reads them, and as they are compared."""

from __future__ import annotations

import re
import unicodedata

import duckdb

from datasync.sql import quote, row

_HUMPS = re.compile(r"(?<=[a-zäöü])(?=[A-ZÄÖÜ])")
_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})


def spelled(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """A field's name as SQL reads it, in quotes only where it needs them."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        own_words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return quote(name) if row(con, f"SELECT lower(?) IN ({own_words}) AS is_one", [name])["is_one"] else name
    return quote(name)


def plain(header: str) -> str:
    """A header by its words, joined by ``_``."""
    return re.sub(r"[\W_]+", "_", without_accents(header.lower())).strip("_")


def parted(header: str) -> str:
    """A header by its words, where a capital letter within one begins another, as in ``VkPrBto``."""
    return plain(_HUMPS.sub(" ", header))


def without_accents(text: str) -> str:
    """A text whose letters have no accents."""
    letters = unicodedata.normalize("NFKD", text.strip().translate(_LETTERS))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def folded(word: str) -> str:
    """A word in which ä, ö and ü are the same as ae, oe and ue."""
    return re.sub("([aou])e", r"\1", word)
