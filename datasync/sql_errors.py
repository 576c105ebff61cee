"""What DuckDB says of an expression that it cannot use, in words for whoever wrote it in the settings."""

from __future__ import annotations

import re

_KINDS = {
    "VARCHAR": "text",
    "STRING_LITERAL": "text",
    "INTEGER_LITERAL": "a number",
    "BOOLEAN": "true or false",
    "DATE": "a date",
    "TIME": "a time of day",
    '"NULL"': "nothing",
    "BLOB": "bytes",
}
_CAST = "try_cast(price as double)"
_NUMBER = re.compile(r"(number_of\((?:[^()']|'[^']*')*\))(\s*[<>=!]+\s*-?[\d.]+)?", re.IGNORECASE)
_OPERATORS = {"~~": "like", "!~~": "not like"}


def in_our_words(says: str, text: str = "") -> str:
    """The first line of an error of DuckDB's as what is wrong and what to write instead; ``text`` is the expression."""
    line = re.sub(r"^\w+( \w+)? Error: ", "", says.strip().split("\n")[0]).rstrip(". ")
    for pattern, words in _KNOWN:
        if match := re.search(pattern, line):
            return words(match).replace(_CAST, _cast(text))
    return f"DuckDB cannot do it ({line})"


def _cast(text: str) -> str:
    """A cast to write: of the first ``number_of`` in an expression, which gives text, with what it is compared to."""
    match = _NUMBER.search(text)
    return f"try_cast({match[1]} as double){match[2] or ''}" if match else _CAST


def no_condition(kind: str) -> str:
    """What is wrong with a rule or a condition that gives another type than BOOLEAN."""
    return f"it gives {kind_in_words(kind)}, where true or false is wanted. Compare it, as in {_compared(kind)}"


def _compared(kind: str) -> str:
    words = kind_in_words(kind)
    return {"a number": "price > 0", "a list": "list_contains(categories, 'Sale')"}.get(words, "color = 'red'")


def _misfit(match: re.Match[str]) -> str:
    name, types = match[1], " and ".join(map(kind_in_words, match[2].split(", "))) or "nothing"
    cast = f"Cast what is text, as in {_CAST}"
    return f"{_OPERATORS.get(name, name)} does not take {types}. {cast}"


def _apart(match: re.Match[str]) -> str:
    cast = f"Cast one of them, as in {_CAST}"
    return f"it puts {kind_in_words(match[1])} and {kind_in_words(match[2])} side by side. {cast}"


def kind_in_words(name: str) -> str:
    """A type of DuckDB's as people call it."""
    kind = name.strip().upper()
    if kind.endswith("[]"):
        return "a list"
    if kind.startswith("TIMESTAMP"):
        return "a time"
    return _KINDS.get(kind, "a number" if re.match("DOUBLE|FLOAT|DECIMAL|.*INT", kind) else kind.lower())


def _bad_pattern(match: re.Match[str]) -> str:
    return f"a regular expression in it cannot be read ({match[0].rstrip(': ')})"


# What RE2, the library of DuckDB's regular expressions, says of a pattern.
_PATTERN_FAULT = (
    r"^(missing [)\]]|unexpected [)]|(no|missing) argument (for|to) repetition operator|bad repetition operator"
    r"|invalid (escape|character class|perl operator|repetition|named capture)|trailing "
    r"|pattern too large).*"
)

_KNOWN = (
    (_PATTERN_FAULT, _bad_pattern),
    (
        r"Failed to parse format specifier (.*?):",
        lambda match: f"{match[1]!r} is no format of a time: '%d.%m.%Y %H:%M' is one",
    ),
    (r"syntax error at or near \"(.*)\"$", lambda match: f"it is no SQL from {match[1]!r} on"),
    (r"SELECT clause without selection list", lambda match: "it is empty"),
    (r"Only SELECT statements", lambda match: "it holds a semicolon, or another statement"),
    (
        r"Chained comparisons",
        lambda match: "it puts one comparison beside another. Between them stands `and` or `or`",
    ),
    (r"syntax error at end of input", lambda match: "it breaks off: something is missing at its end"),
    (r"unterminated string literal", lambda match: "a text in it has no closing quote"),
    (r"unterminated quoted identifier", lambda match: "a name in it has no closing double quote"),
    (r"Function with name (\S+) does not exist", lambda match: f"there is no function {match[1]}"),
    (
        r"Type with name (\S+) does not exist",
        lambda match: f"there is no type {match[1]}: int, double, text, date and timestamp are some",
    ),
    (r"No function matches the given name and argument types '(.+?)\((.*)\)'", _misfit),
    (r"Cannot (?:compare|mix) values of type (\S+) and (?:type )?(\S+)", _apart),
    (r"Cannot concatenate types (\S+) and (\S+)", _apart),
    (
        r"Could not convert string '(.*)' to (\w+)",
        lambda match: f"{match[1]!r} is no {match[2].lower()}: what is compared has to be of one type",
    ),
    (
        r"Cannot extract field '(.*)' from expression \"(.*)\"",
        lambda match: (
            f'{match[2]} has no parts: a name with a point in it stands in double quotes, as in "{match[2]}.{match[1]}"'
        ),
    ),
    (r"Referenced column \"(.*?)\" not found", lambda match: f"there is no field {match[1]!r}"),
    (r"Cannot cast|Unimplemented type for cast", lambda match: "it casts to a type that its value cannot have"),
)
