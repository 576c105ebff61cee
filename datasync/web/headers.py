"""What an answer over HTTP says beside its body: when to ask again, what time it was there, where it points to; and why
there was none.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from datasync import secrets

_HOST = re.compile(r"https?://[A-Za-z0-9.\[\]:-]{1,200}")


def redirect_host(location: str) -> str:
    """The host that a redirect points to, without path and query, because these may repeat what was sent."""
    try:
        target = urlsplit(location)
        host = f"{target.scheme}://{target.hostname}" + (f":{target.port}" if target.port else "")
    except ValueError:
        return "what is no address"
    if not target.hostname:
        return "another path of its own"
    return secrets.mask(host) if _HOST.fullmatch(host) else "another host"


def cause(error: httpx.RequestError) -> str:
    """Why there was no answer, in the system's words for an error's number, else by the error's class."""
    number = re.search(r"\[Errno (-?\d+)\]", str(error))
    if number is None:
        return type(error).__name__
    code = int(number[1])
    return f"{type(error).__name__}: {os.strerror(code) if code > 0 else 'no host has that name'}"


def answered_at(response: httpx.Response) -> datetime | None:
    """What time it was at the source, by its own clock."""
    return _date(response.headers.get("date", ""))


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait by Retry-After, which is a number or a date; None where it is neither."""
    header = response.headers.get("retry-after", "").strip()
    if header.isdecimal():
        return float(header)
    until = _date(header)
    return max(0.0, (until - (answered_at(response) or datetime.now(UTC))).total_seconds()) if until else None
