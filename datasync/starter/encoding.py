"""Which encoding a text file is in, told from its beginning."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from datasync.sources.files.file_listing import locate, opened

_HEAD = 512 * 1024
_LIKELY = ["utf_16", "cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp932"]
_LIKELY += ["shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp1255", "cp1256"]
_NAMES = {"cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "utf_16": "utf-16"}


def encoding_of(file: str) -> tuple[str | None, Sequence[str]]:
    """The encoding of a file that is not UTF-8, and some of its words that tell; None where it is UTF-8."""
    location = locate(file, {}, "default", "exports")
    files = location.files()
    if not files:
        return None, ()
    with opened(location, files[0]) as content:
        head = content.read(_HEAD)
    if _is_utf8(head):
        return None, ()
    encoding = _guessed(head)
    text = head.decode(encoding, errors="replace")
    words = dict.fromkeys(word for word in re.findall(r"\w+", text) if not word.isascii())
    return _NAMES.get(encoding, encoding.replace("_", "-")), [*words][:3]


def _is_utf8(head: bytes) -> bool:
    """Whether it is; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head[:4]


def _guessed(head: bytes) -> str:
    """The likeliest encoding; of several that read the same, the one of Windows in western Europe."""
    from charset_normalizer import from_bytes

    best = from_bytes(head, cp_isolation=_LIKELY).best()
    if best is None:
        return "cp1252"
    try:
        same = head.decode("cp1252") == str(best)
    except UnicodeDecodeError:
        same = False
    return "cp1252" if same else best.encoding
