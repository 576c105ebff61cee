"""The scanner that says what a CSV file holds, against reading it byte by byte.

DATASYNC_EXAMPLES sets how many files are tried (then at random).
"""

from __future__ import annotations

import io
import os
import tracemalloc
from dataclasses import astuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from datasync.sources.files import csv_scan
from datasync.sources.files.csv_scan import scan
from datasync.sources.files.csv_tally import SWALLOWED, Dialect
from tests.sources.plain_csv import PlainRecord, lines, records

EXAMPLES = int(os.environ.get("DATASYNC_EXAMPLES", "0"))
tried = settings(max_examples=EXAMPLES or 400, derandomize=not EXAMPLES, deadline=None)

# Each alphabet makes another trouble likely: line ends, rows of quotes, spaces, quotes that turn every line, no UTF-8.
ALPHABETS = (
    ["a", '"', ",", "\n"],
    ["a", '"', ",", "\n", "\r\n", "\r", " "],
    ["a", '"', '""', ",", "\n", "  "],
    ["a,b\n", '"', 'x",",y\n', 'a,"b\n', 'c",d\n', '12" x,y\n'],
    ["a", ",", "\n", '"', "ä", "\udcff"],
    ["a,b\n", "\n", 'a,"b\n', 'c",d\n', "a,b,c\n"],
)
FILES = some.sampled_from(ALPHABETS).flatmap(
    lambda signs: some.lists(some.sampled_from(signs), min_size=1, max_size=60)
)


def damage(record: PlainRecord, data: bytes, dialect: Dialect) -> str | None:
    """Why a record is damaged, by the definition."""
    content = data[record.start : record.end]
    if record.cells is None:
        return "malformed"
    if SWALLOWED <= (inner := inner_lines(content, dialect))[0] < 2 * inner[1]:
        return "swallowed"
    if len(content) > dialect.longest:
        return "too-long"
    return None if content.decode(errors="replace").encode() == content else "undecodable"


def inner_lines(content: bytes, dialect: Dialect) -> tuple[int, int]:
    """How many inner lines of a record are not empty, and how many of them read as a record with the header's cells."""
    alone = [list(records(content[start:end])) for start, end in lines(content)[1:-1]]
    full = [found for found in alone if found]
    return len(full), sum(len(found[0].cells or ()) == dialect.cells for found in full)


@tried
@given(
    FILES, some.sampled_from([1, 2, 3, 7, 50, 1000]), some.sampled_from([3, 9, 40, 1000]), some.sampled_from([1, 64])
)
def test_records_and_damages_are_what_reading_byte_by_byte_finds(
    signs: list[str], block: int, longest: int, window: int
) -> None:
    data = "".join(signs).encode(errors="surrogateescape")
    dialect = Dialect(b",", 2, longest)
    every = list(records(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_scan, "WINDOW", window)
        held = scan(io.BytesIO(data), dialect, block)
    wrong = [(record, why) for record in every if (why := damage(record, data, dialect))]
    assert held.records == len(every) - 1
    assert [(*astuple(one.extent), one.reason) for one in held.damages] == [
        (record.start, record.end, record.line, record.lines, why) for record, why in wrong
    ]


ROWS = [f"S{number},Thing {number},{number}.50" for number in range(400)]
HTML = [f'<li class=""item"">Point {number}, with a comma; and more</li>' for number in range(400)]
PROSE = [
    f"Line {number} of a text, which has, here and there, a comma{',' * (number % 3)} or two." for number in range(400)
]


def swallowing(inner: list[str], least: int = SWALLOWED) -> csv_scan.Scan:
    """A file whose second record has some inner lines in a quoted cell."""
    rows = ["sku,name,price", "A,a,1", 'B,"Bolt 5 inch', *inner, 'last",2', "C,c,3"]
    return scan(io.BytesIO("\n".join(rows).encode()), Dialect(b",", 3, 1 << 24, least))


@pytest.mark.parametrize("inner", [HTML, PROSE, [""] * 400, ["no comma at all"] * 400])
def test_an_honest_cell_of_many_lines_is_not_accused(inner: list[str]) -> None:
    held = swallowing(inner, least=1)
    assert (held.records, held.damages, held.suspects) == (3, (), ())


@pytest.mark.parametrize("inner", [ROWS, ROWS[:10], [*ROWS[:11], *PROSE[:9]], [*ROWS[:10], *[""] * 30]])
def test_a_record_whose_inner_lines_read_as_records_has_swallowed_them(inner: list[str]) -> None:
    held = swallowing(inner)
    assert (held.records, [(one.extent.line, one.extent.lines, one.reason) for one in held.damages]) == (
        3,
        [(3, len(inner) + 2, "swallowed")],
    )


def test_with_fewer_inner_lines_it_is_whole_and_only_suspect() -> None:
    held = swallowing(ROWS[:9], least=1)
    assert (held.records, held.damages, [one.line for one in held.suspects]) == (3, (), [3])
    assert swallowing(ROWS[:9]).suspects == ()


@pytest.mark.parametrize("block", [30, 1000, 1 << 20])
def test_swallowed_lines_are_counted_over_all_blocks(block: int) -> None:
    data = "\n".join(["sku,name,price", 'A,"x', *ROWS, 'y",2', "B,b,1"]).encode()
    (found,) = scan(io.BytesIO(data), Dialect(b",", 3, 1 << 24), block).damages
    assert (found.reason, found.extent.line, found.extent.lines) == ("swallowed", 2, 402)


class Long(io.RawIOBase):
    """A file with one cell of many megabytes, which is nowhere as a whole."""

    def __init__(self, megabytes: int, cell: bytes) -> None:
        self.parts = iter([b"sku,name\nA,a\nB,", *[cell * ((1 << 20) // len(cell))] * megabytes, b"\nC,c\n"])
        self.rest = b""

    def read(self, size: int = -1) -> bytes:
        self.rest = self.rest or next(self.parts, b"")
        part, self.rest = self.rest[:size], self.rest[size:]
        return part


@pytest.mark.parametrize("cell", [b"x", b'12" x', b'"",,""', b"a,b,\t", b" "], ids=repr)
def test_a_record_of_any_length_is_scanned_in_bounded_memory(cell: bytes) -> None:
    tracemalloc.start()
    held = scan(Long(100, cell), Dialect(b",", 2, 1 << 22))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (held.records, [one.extent.line for one in held.damages]) == (3, [3])
    assert peak < 60 << 20


def test_a_file_in_which_every_line_opens_a_quote_that_no_line_closes_is_scanned_in_one_walk() -> None:
    count = 100_000  # each line looked at to the end of the file would be 35 GB
    held = scan(io.BytesIO(b"a,b\n" + b'x",",y\n' * count), Dialect(b",", 2, 1 << 24))
    assert (held.records, len(held.damages)) == (count, count)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", "§", "→"])
def test_any_sign_may_stand_between_cells(delimiter: str) -> None:
    rows = [["sku", '"a name"'], ["A", '"one\ntwo"'], ["B", '"x"y'], ["C", '12"'], ["D", '""']]
    data = "\n".join(delimiter.join(row) for row in rows).encode()
    held = scan(io.BytesIO(data), Dialect(delimiter.encode(), 2, 1 << 24), 7)
    assert (held.records, [one.extent.line for one in held.damages]) == (4, [4])
