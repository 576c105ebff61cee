"""Rules and maps: what is taken, what is refused, and that nothing a user writes reaches past its place."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from datasync.errors import InvalidExpression
from datasync.expression import Expression, over_text, parse, type_of
from datasync.sql import literal, quote


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("id", ("id",)),
        ('"my ""odd"" id"', ('my "odd" id',)),
        ("case when try_cast(qty as int) > 0 then 'in-stock' else 'out-of-stock' end", ("qty",)),
        ("lower(trim(b)) || '-' || a || b", ("b", "a")),
        ("list_transform(string_split(a, ','), lambda v: trim(v) || b)", ("a", "b")),
        ("[v for v in string_split(a, ',') if v <> b]", ("a", "b")),
        ("list_reduce(string_split(a, ','), lambda p, q: p || q)", ("a",)),
        ("a ->> '$.x'", ("a",)),
        ("nullif(a, '')", ("a",)),
        ("list_contains(visible_in, 'search')", ("visible_in",)),
        ("a IN ('x', 'y') AND NOT b IS NULL", ("a", "b")),
        ("strptime(a, '%d.%m.%Y')", ("a",)),
        ("to_timestamp(a::BIGINT)", ("a",)),
        ("[{'url': a, 'label': b}]", ("a", "b")),
        ("'plain'", ()),
        ("a -- a comment", ("a",)),
        ("'it''s; DROP TABLE x; --'", ()),
    ],
)
def test_one_scalar_expression_is_taken_and_its_fields_are_known(
    con: duckdb.DuckDBPyConnection, text: str, fields: tuple[str, ...]
) -> None:
    found = parse(con, "key", text)
    assert found.fields == fields
    assert parse(con, "key", found.sql).fields == fields  # what is put into statements is itself one expression


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("(SELECT 1)", "it holds a subquery"),
        ("a IN (SELECT 1)", "it holds a subquery"),
        ("exists(SELECT 1)", "it holds a subquery"),
        ("row_number() OVER ()", "it holds a window function"),
        ("*", "it holds a star"),
        ("COLUMNS('a')", "it holds a star"),
        ("$1", "it holds a parameter"),
        ("?", "it holds a parameter"),
        ("#1", "it refers to a column by number"),
        ("count(*)", "count takes many records"),
        ("sum(a)", "sum takes many records"),
        ("json_group_array(a)", "json_group_array is no function"),
        ("random()", "random is no function"),
        ("now()", "now is no function"),
        ("current_timestamp", "current_timestamp is another one at another time"),
        ("read_text('/etc/passwd')", "read_text is no function"),
        ("getenv('HOME')", "there is no function getenv"),
        ("unnest([1])", "unnest is no function"),
        ("nextval('s')", "nextval is no function"),
        ("error('x')", "error is no function"),
        ("nope(a)", "there is no function nope"),
        ("a, b", "it is more than one expression"),
        ("a AS b", "it is more than one expression"),
        ("a FROM t", "it is a query"),
        ("a WHERE true", "it is a query"),
        ("a LIMIT 1", "it is a query"),
        ("DISTINCT a", "it is a query"),
        ("a UNION SELECT 1", "it is a query"),
        ("1; SELECT 2", "it is more than one expression"),
        ("1; DROP TABLE x", "a semicolon, or another statement"),
        ("", "it is empty"),
        ("-- nothing", "it is empty"),
        ("a /* open", "unterminated"),
        ("a ))", "it is no SQL from"),
    ],
)
def test_whatever_is_no_stable_scalar_expression_is_refused_with_its_key(
    con: duckdb.DuckDBPyConnection, text: str, problem: str
) -> None:
    with pytest.raises(InvalidExpression) as refused:
        parse(con, "services.search.accepts.0.rule", text)
    assert problem in refused.value.problem
    assert (refused.value.key, refused.value.expression) == ("services.search.accepts.0.rule", text)


def test_a_macro_somebody_defined_is_refused_whatever_it_is_called(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE MACRO mine(a) AS a")
    with pytest.raises(InvalidExpression, match="there is no function mine"):
        parse(con, "key", "mine(a)")


def test_what_an_expression_gives_is_known_before_it_runs_and_what_does_not_bind_is_told_in_our_words(
    con: duckdb.DuckDBPyConnection,
) -> None:
    over = over_text(["a", 'odd "name"'])
    kinds = [
        type_of(con, "key", parse(con, "key", text), over)
        for text in ("a", "length(a)", "string_split(a, ',')", '"odd ""name""" || a')
    ]
    assert kinds == ["VARCHAR", "BIGINT", "VARCHAR[]", "VARCHAR"]
    with pytest.raises(InvalidExpression, match=r"\* does not take text and a number"):
        type_of(con, "key", parse(con, "key", "a * 2.5"), over)
    with pytest.raises(InvalidExpression, match="there is no field 'b'"):
        type_of(con, "key", parse(con, "key", "b"), over)


def test_a_bare_field_is_known_as_one(con: duckdb.DuckDBPyConnection) -> None:
    assert parse(con, "key", '"a b"') == Expression('"a b"', ("a b",), is_field=True)
    assert not parse(con, "key", "a.b").is_field


@pytest.mark.parametrize(
    "text", ["", "a", 'a"b', "a'b", "'; DROP TABLE x; --", '"', "'", "\\", "\x00\n\u2028\U0001f600"]
)
def test_any_text_survives_as_a_name_and_as_a_literal(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert con.execute(f"SELECT {literal(text)}").fetchone() == (text,)
    if text and "\x00" not in text:
        assert con.execute(f"SELECT 1 AS {quote(text)}").description[0][0] == text


def test_no_text_is_the_literal_null(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute(f"SELECT {literal(None)}").fetchone() == (None,)


@pytest.mark.parametrize(
    ("text", "fields", "over_product"),
    [
        ("attr('color')", ("color",), False),
        ("coalesce(attr('size [eu]'), ATTR('size'))", ("size [eu]", "size"), False),
        ("attr('color') = 'red' and price > 3", ("attributes", "price"), True),
    ],
)
def test_an_attribute_is_named_by_attr(
    con: duckdb.DuckDBPyConnection, text: str, fields: tuple[str, ...], over_product: bool
) -> None:
    assert parse(con, "key", text, over_product=over_product).fields == fields


@pytest.mark.parametrize("text", ["attr()", "attr(color)", "attr('a', 'b')", "attr(3)", "attr('a' || 'b')"])
def test_attr_takes_a_name_in_quotes(con: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(InvalidExpression, match="attr takes the name of an attribute, as in attr"):
        parse(con, "key", text)


@pytest.mark.parametrize(
    ("rule", "is_true"),
    [
        ("attr('color') = 'red'", True),
        ("attr('sizes') = 'M, L'", True),
        ("attr('weight') is null", True),
        ("attr('Color') = 'red'", None),
        ("attr('it''s') = 'x\"y'", True),
        ("len(attributes) = 3 and attr('color') in ('red', 'blue')", True),
    ],
)
def test_attr_in_a_rule_is_the_value_of_a_product(con: duckdb.DuckDBPyConnection, rule: str, is_true: bool) -> None:
    given = (
        "[{'code': 'color', 'values': ['red']}, {'code': 'sizes', 'values': ['M', 'L']}, "
        "{'code': 'it''s', 'values': ['x\"y']}]"
    )
    sql = parse(con, "key", rule, over_product=True).sql
    assert con.execute(f"SELECT {sql} FROM (SELECT {given} AS attributes)").fetchall() == [(is_true,)]
