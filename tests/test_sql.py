"""What is put into the text of a query."""

from __future__ import annotations

import duckdb

from datasync.sql import filled


def test_a_word_in_a_comment_is_left_for_a_line_break_would_end_the_comment() -> None:
    text = filled("-- One row: $value.\n  -- Also $value\nSELECT $value AS v, '$other' AS o", value="'a\nb'")
    assert duckdb.sql(text).fetchall() == [("a\nb", "$other")]
