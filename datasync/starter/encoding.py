"""Which encoding a text file is in, told from its beginning."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from datasync.sources.files.file_listing import beginning, locate
from datasync.starter.latin import LATIN, likeliest_latin

_ENOUGH = 128 * 1024  # to tell encodings of Latin letters apart
HEAD = 512 * 1024
_LIKELY = ["utf_16", "cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp932"]
_LIKELY += ["shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp1255", "cp1256"]
_WORD = re.compile(r"[^\s;,|\"]+")
_LETTERS = re.compile(r"(?=.*[^\W\d_][^\W\d_])(?=.*(?![\x00-\x7f])[^\W\d_])")  # two, and one that is not of ASCII
_NAMES = {"cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "utf_16": "utf-16"}


def encoding_of(file: str) -> tuple[str | None, Sequence[str]]:
    """The encoding of a file that is not UTF-8, and some of its words that tell; None where it is UTF-8."""
    head = beginning(locate(file, {}, "default", "exports"), HEAD)
    if is_utf8(head):
        return None, ()
    guessed, (latin, all_fits) = _guessed(head), likeliest_latin(head[:_ENOUGH])
    encoding = latin if guessed in LATIN or all_fits else guessed
    rival = guessed if guessed != encoding else "cp1252"
    return _NAMES.get(encoding, encoding.replace("_", "-")), _telling_words(head, encoding, rival)


def is_utf8(head: bytes) -> bool:
    """Whether it is; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head[:4]


def _guessed(head: bytes) -> str:
    """The encoding in which the text is likest to some language's."""
    from charset_normalizer import from_bytes

    best = from_bytes(head, cp_isolation=_LIKELY).best()
    return best.encoding if best else "cp1252"


def _telling_words(head: bytes, encoding: str, rival: str) -> list[str]:
    """The first words that the rival encoding would read otherwise; where none is, the first that are not ASCII.

    Words with letters come before signs, because a person knows them.
    """
    words, rivals = (_WORD.findall(head.decode(name, errors="replace")) for name in (encoding, rival))
    beside = zip(words, rivals, strict=False) if len(words) == len(rivals) else ()
    telling = [word for word, other in beside if word != other]
    others = [word for word in words if not word.isascii()]
    letters = [list(filter(_LETTERS.search, some)) for some in (telling, others)]
    return [*dict.fromkeys(next(filter(None, [*letters, telling, others]), []))][:3]
