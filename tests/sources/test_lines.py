"""The lines of a file by their numbers, against reading it line by line."""

from __future__ import annotations

import codecs
import io

from hypothesis import given
from hypothesis import strategies as some

from datasync.sources.files.lines import BLANK, numbered_lines

CONTENT = some.text(alphabet="ab{ \t\r\n", max_size=60).map(str.encode)


def plain(content: bytes) -> list[tuple[int, int, bytes]]:
    """Every line that is not blank: its number among those, its line, its text."""
    lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
    full = [(line, text) for line, text in enumerate(lines, 1) if text.strip(BLANK)]
    return [(nth, line, text) for nth, (line, text) in enumerate(full)]


@given(CONTENT, some.booleans(), some.integers(1, 20), some.sets(some.integers(0, 30)))
def test_lines_are_found_by_their_number_wherever_blocks_end(
    content: bytes, marked: bool, block_size: int, numbers: set[int]
) -> None:
    file = codecs.BOM_UTF8 * marked + content
    found = list(numbered_lines(io.BytesIO(file), numbers, block_size))
    assert found == [one for one in plain(file) if one[0] in numbers]


def test_nothing_is_read_beyond_the_last_wanted_line() -> None:
    content = io.BytesIO(b"one\ntwo\n" * 1000)
    assert [line for line, *_ in numbered_lines(content, {0, 3}, 100)] == [0, 3]
    assert content.tell() < 300
