"""Whether a file of text is text, and was written to its end: a look at how it begins and how it ends."""

from __future__ import annotations

import json
from typing import IO

from datasync.errors import UnreadableFile
from datasync.sources.files.file_listing import File, Location, opened, stored

_HEAD = 1 << 12
_TAIL = 1 << 16
_FEW = 16  # one zero in so many bytes, or fewer, may stand in a text
_KINDS = {
    b"\x1f\x8b": "gzip, and its name does not end in .gz",
    b"PK\x03\x04": "a zip file, as an XLSX workbook is",
    b"PAR1": "Parquet",
    b"\xd0\xcf\x11\xe0": "an old .xls, or a workbook under a password",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NEEDS_ENCODING = "it is UTF-16: say so under its scope, `encoding: utf-16`, or export it as UTF-8"


def refuse_what_is_no_text(location: Location, file: File) -> None:
    """Raise UnreadableFile where a file of CSV or JSON lines is of another kind, or ends in zero bytes."""
    with opened(location, file) as content:
        _refuse_other_kinds(content.read(_HEAD), file.name)
    if not file.is_gzip:
        with stored(location, file) as content:
            _refuse_zeros(content, file)


def _refuse_other_kinds(head: bytes, name: str) -> None:
    if head.startswith(_UTF_16):
        raise UnreadableFile(name, _NEEDS_ENCODING)
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            raise UnreadableFile(name, f"its content is {kind}")
    if head and not head.strip(b"\0"):
        raise UnreadableFile(name, "it is nothing but zero bytes: it was damaged, or not written yet")
    # A zero in a cell spoils its own record at most. Text in UTF-16 has many of them, and binary content is no UTF-8.
    is_binary = head.count(0) * _FEW > len(head) or (b"\0" in head and not _is_utf8(head))
    if is_binary:
        raise UnreadableFile(name, "its content is binary, or text that is not UTF-8")


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a sign that the end of the head cuts
    return True


def _refuse_zeros(content: IO[bytes], file: File) -> None:
    content.seek(max(0, file.size - 1))
    if content.read(1) == b"\0":
        raise UnreadableFile(file.name, "it ends in zero bytes: it was damaged, or not written to its end")


def ends_inside(location: Location, file: File) -> bool:
    """Whether JSON lines end in the middle of an object, without a line end: the file was cut off.

    With a line end, the last line is one bad record among others.
    """
    if file.is_gzip:  # what was cut is no whole gzip
        return False
    with stored(location, file) as content:
        content.seek(max(0, file.size - _TAIL))
        line = content.read().rpartition(b"\n")[2].strip()
    return line.startswith(b"{") and not _is_json(line)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
