"""Which part of a table a partial pull reads: from the watermark, less the lookback, up to a bound fixed at its start.

The bound of a cursor that is a time is the pull's start by the database's own clock, and stands outside the window; so
do times kept as text, in the way they are written. Other cursors, such as numbers, know no clock: their bound is the
largest one there is when the pull starts, and belongs to the window. What is at the bound of one window is read again
by the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?")
_AHEAD = timedelta(minutes=1)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds that the cursor's column can be compared with. ``low`` belongs to it (None: it has none), ``high`` does
    where it is ``closed``. ``watermark`` is what the next window begins from.
    """

    low: Any
    high: Any
    closed: bool
    watermark: str


def window_of(
    sample: Any, watermark: str | None, at: datetime, lookback: timedelta, zone: str, newest: Callable[[], str | None]
) -> Window:
    """The window of a pull that starts ``at`` a moment of the database's clock; ``sample`` is one value of its cursor.

    ``zone`` is that of times without one; ``newest`` finds the largest value of a cursor that is no time, as text.
    """
    shape = _shape(sample, ZoneInfo(zone))
    before = _until(watermark)
    if shape is None:
        largest = newest()
        return Window(_number(before, sample), _number(largest, sample), True, _watermark(str(largest)))
    until = at.astimezone(UTC).replace(microsecond=0)
    since = _instant(before)
    is_known = since is not None and since - until < _AHEAD  # by a later one, nobody knows what was read
    low = shape(min(since, until) - lookback, until, False) if since and is_known else None
    return Window(low, shape(until, min(since or until, until) - lookback, True), False, _watermark(until.isoformat()))


def is_time(sample: Any) -> bool:
    """Whether a cursor of which ``sample`` is one value tells times, be it as text."""
    return _shape(sample, ZoneInfo("UTC")) is not None


def spelling(written: str) -> str:
    """A time that is written as another one is, the same for all that are written alike; '' for what is no time."""
    if _DAY.fullmatch(written):
        return "2000-01-01"
    if not (parts := _TIME.fullmatch(written)):
        return ""
    between, digits, offset = parts.groups()
    fraction = "." + "0" * len(digits) if digits else ""
    return f"2000-01-01{between}00:00:00{fraction}{offset or ''}"


def is_local(written: str) -> bool:
    """Whether a time that is kept as text has no offset, so that a zone has to be declared for it."""
    parts = _TIME.fullmatch(written)
    return parts is None or parts[3] is None


_Shape = Callable[[datetime, datetime, bool], Any]


def _shape(sample: Any, zone: ZoneInfo) -> _Shape | None:
    """How a moment is written where ``sample`` stands, given the window's other end; None where it is no time."""
    if isinstance(sample, datetime):
        return (lambda moment, other, is_high: moment) if sample.tzinfo else lambda *ends: _local(zone, *ends)
    if isinstance(sample, date):
        return lambda *ends: _day(_local(zone, *ends), ends[2])
    if not isinstance(sample, str):
        return None
    if _DAY.fullmatch(sample):
        return lambda *ends: _day(_local(zone, *ends), ends[2]).isoformat()
    return _written(parts, zone) if (parts := _TIME.fullmatch(sample)) else None


def _written(parts: re.Match[str], zone: ZoneInfo) -> _Shape:
    """Times as text: with the separator, the digits of the second and the offset that the sample has."""
    between, digits, offset = parts.groups()
    fixed = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo if offset else None
    tail = (f".{'0' * len(digits)}" if digits else "") + (offset or "")

    def shape(moment: datetime, other: datetime, is_high: bool) -> str:
        local = moment.astimezone(fixed) if fixed else _local(zone, moment, other, is_high)
        return f"{local:%Y-%m-%d}{between}{local:%H:%M:%S}{tail}"

    return shape


def _local(zone: ZoneInfo, moment: datetime, other: datetime, is_high: bool) -> datetime:
    """A moment as a clock on the wall shows it. Where clocks were put back inside the window, an hour comes twice: the
    low end is then the earlier reading, the high end the later one, so that the window has both hours.
    """
    offsets = [end.astimezone(zone).utcoffset() or timedelta(0) for end in (moment, other)]
    return (moment + (max(offsets) if is_high else min(offsets))).replace(tzinfo=None)


def _day(local: datetime, is_high: bool) -> date:
    return local.date() + timedelta(days=1) if is_high else local.date()


def _watermark(until: str) -> str:
    return json.dumps({"until": until})


def _until(watermark: str | None) -> str | None:
    try:
        return str(json.loads(watermark)["until"]) if watermark else None
    except (ValueError, KeyError, TypeError):
        return None


def _instant(until: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(until) if until else None
    except ValueError:
        return None
    return instant if instant and instant.tzinfo else None


def _number(until: str | None, sample: Any) -> Any:
    if until is None or isinstance(sample, str):
        return until
    try:
        number = Decimal(until)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
