"""A cell's number as text: the number itself, a date, or, under a format of zeros, what Excel shows.

A format of zeros and literals (``00000``, ``"SKU-"0000``) makes a number of part numbers: there, what is shown is the
value. Any other format only dresses a number up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

_PARTS = re.compile(r'"([^"]*)"?|\\(.)|_(.)|\*.|\[([^\]]*)\]|(.)', re.DOTALL)
_SHOWN_UNQUOTED = frozenset("-+():!^&'~{}<>= 123456789")
_COLORS = re.compile(r"(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+)$", re.IGNORECASE)
_ELAPSED = re.compile(r"(?:h+|m+|s+)$", re.IGNORECASE)
_DIGITS = 15  # so many of a fraction's digits does Excel keep and show; behind them is noise
_LARGEST = 308  # a double's exponent; what is beyond is no number of a sheet
_LAST_DAY = 2_958_466  # 9999-12-31, and a day
_LEAP_DAY = 60  # Excel has a 29 February 1900
_DAY = 86_400_000  # milliseconds

BUILT_IN = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    46: "[h]:mm:ss",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a format: text that is shown as it is, what stands in brackets, or a sign with a meaning."""

    literal: str | None = None
    bracket: str | None = None
    sign: str = ""


def text_of(code: str, *, is_1904: bool) -> Callable[[str], str]:
    """How numbers, as a sheet has them, become text under a format."""
    sections = _sections(code)
    letters = {part.sign.lower() for part in sections[0]}
    elapsed = any(part.bracket and _ELAPSED.match(part.bracket) for part in sections[0])
    has_time = elapsed or not letters.isdisjoint("hs")
    if has_time or not letters.isdisjoint("ymd"):
        has_date = not letters.isdisjoint("yd") or not has_time
        return _Moments(has_date=has_date, has_time=has_time, is_elapsed=elapsed, is_1904=is_1904)
    patterns = [_pattern(section) for section in sections[:3]]
    return _Shown(patterns) if any(patterns) else plain


def plain(number: str) -> str:
    """A number in full, without an exponent or a fraction of zeros; text that is none as it is."""
    if number.isdigit() and number.isascii() and number[0] != "0":
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    if not value.is_finite() or abs(value.adjusted()) > _LARGEST:
        return number
    if value != value.to_integral_value() and len(value.as_tuple().digits) > _DIGITS:
        value = Decimal(f"{value:.{_DIGITS}g}")
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


class _Shown:
    """Integers under formats of zeros, each with the section for its sign: positive, negative, zero."""

    def __init__(self, patterns: Sequence[Sequence[str] | None]) -> None:
        self._patterns = patterns

    def __call__(self, number: str) -> str:
        text = plain(number)
        digits = text.removeprefix("-")
        if not digits.isdecimal():
            return text
        section = 2 if digits == "0" else int(digits != text)
        own = section < len(self._patterns)
        pattern = self._patterns[section if own else 0]
        if pattern is None:
            return text
        return ("" if own else text.removesuffix(digits)) + _filled(pattern, digits)


class _Moments:
    """Days since 1900 or 1904 as ISO dates and times; a number that is no such day stays one."""

    def __init__(self, *, has_date: bool, has_time: bool, is_elapsed: bool, is_1904: bool) -> None:
        self._has_date, self._has_time, self._is_elapsed, self._is_1904 = has_date, has_time, is_elapsed, is_1904

    def __call__(self, number: str) -> str:
        try:
            days = float(number)
        except ValueError:
            return number
        if not 0 <= days < _LAST_DAY:
            return plain(number)
        whole, milliseconds = divmod(round(days * _DAY), _DAY)
        if not self._has_date and (self._is_elapsed or not whole):
            return _clock(milliseconds + whole * _DAY)
        day = self._day(whole)
        if day is None:
            return plain(number)
        date = day.date().isoformat()
        return f"{date}T{_clock(milliseconds)}" if milliseconds or self._has_time else date

    def _day(self, days: int) -> datetime | None:
        if self._is_1904:
            return datetime(1904, 1, 1) + timedelta(days)  # noqa: DTZ001  a sheet's times have no zone
        if days in (0, _LEAP_DAY):
            return None
        return datetime(1899, 12, 31) + timedelta(days - (days > _LEAP_DAY))  # noqa: DTZ001


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1_000)
    text = f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:03}" if rest else text


def _sections(code: str) -> list[list[_Part]]:
    """A format's sections that are for numbers: all but that for text, with its ``@``."""
    sections: list[list[_Part]] = [[]]
    for match in _PARTS.finditer("" if code.lower() == "general" else code):
        quoted, escaped, space, bracket, sign = match.groups()
        if sign == ";":
            sections.append([])
        elif bracket is not None:
            sections[-1].append(_Part(bracket=bracket))
        elif sign:
            sections[-1].append(_Part(sign=sign))
        else:
            sections[-1].append(_Part(literal=quoted or escaped or (" " if space else "")))
    for_numbers = [section for section in sections if not any(part.sign == "@" for part in section)]
    return for_numbers or [[]]


def _pattern(section: Sequence[_Part]) -> list[str] | None:
    """A section of zeros and literals as texts in their order, ``""`` for a zero; None where it is another kind."""
    pattern: list[str] = []
    for part in section:
        text = part.literal
        if part.bracket is not None:
            text = "" if part.bracket.startswith("$-") or _COLORS.match(part.bracket) else None
        elif part.sign == "0":
            pattern.append("")
            continue
        elif part.sign in _SHOWN_UNQUOTED or part.sign > "\x7f":
            text = part.sign
        if text is None or any(unicodedata.category(sign) == "Sc" for sign in text):
            return None
        pattern.extend([text] * bool(text))
    return pattern if "" in pattern else None


def _filled(pattern: Sequence[str], digits: str) -> str:
    """A pattern with digits for its zeros; those that are too many stand before the first."""
    zeros = pattern.count("")
    digits = digits.zfill(zeros)
    places = iter([digits[: len(digits) - zeros + 1], *digits[len(digits) - zeros + 1 :]])
    return "".join(text or next(places) for text in pattern)
