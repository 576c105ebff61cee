"""Texts in the disguises that software gives them: any letter escaped, in any way, several times over, or in UTF-16.

A browser, a proxy and a server each escape in their own manner, and one inside the other: a URL in JSON in a URL. No
list of whole forms has them all, so a text is looked for after escapes are taken back, and found letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_ROUNDS = 5
_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_CHARACTERS = {name.encode(): ord(sign) for sign, name in _NAMES.items()}
# Only where a sign of ASCII is escaped, several times a backslash, or a NUL stands, may a text be in disguise.
_TRACE = re.compile(rb"\\u00[02-7]|\\x[02-7]|%(?:25)*[02-7][0-9A-Fa-f]|&#|&(?:amp|lt|gt|quot|apos);|\\{3}|\0")
_WIDE = r"(?:\0|\\+u0000|\\+x00|%(?:25)*00|&(?:amp;)*#0+;)?"  # what stands between the letters of ASCII in UTF-16
_ESCAPE = re.compile(
    rb"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|%([0-9A-Fa-f]{2})|&#x0*([0-9A-Fa-f]{1,6});|&#0*([0-9]{1,7});"
    rb"|&(amp|lt|gt|quot|apos);|(\0)"
)


def disguised(texts: Iterable[str], body: bytes) -> list[str]:
    """Those of ``texts`` that a body has once its escapes are taken back."""
    if not _TRACE.search(body):
        return []
    bare, seen = {text: _bare(text.encode()) for text in texts}, set[str]()
    for _ in range(_ROUNDS):
        plain = _bare(body)
        seen |= {text for text in bare if bare[text] in plain}
        before, body = body, _ESCAPE.sub(_letter, body)
        if body == before:
            break
    return sorted(seen, key=len, reverse=True)


@lru_cache(maxsize=256)
def in_any_disguise(text: str) -> re.Pattern[str]:
    """A pattern for a text with each of its letters escaped in whatever way, or not at all."""
    return re.compile(_WIDE.join(map(_either, text)))


def _bare(body: bytes) -> bytes:
    """A body without backslashes: what each of them escapes is its neighbour's matter."""
    return body.replace(b"\\", b"")


def _letter(escape: re.Match[bytes]) -> bytes:
    four, two, percent, hexadecimal, decimal, name, _ = escape.groups()
    if percent or two:
        return bytes.fromhex((percent or two).decode())
    code = int(four or hexadecimal or b"0", 16) or int(decimal or 0) or _CHARACTERS.get(name or b"", 0)
    return chr(code).encode("utf-8", "surrogatepass") if code and code <= 0x10FFFF else b""


def _either(letter: str) -> str:
    """A pattern for one letter in every form."""
    code, octets = ord(letter), letter.encode("utf-8", "surrogatepass")
    forms = [
        rf"\\*{re.escape(letter)}",
        "".join(rf"%(?:25)*{_digits(f'{octet:02x}')}" for octet in octets),
        "".join(rf"\\+x{_digits(f'{octet:02x}')}" for octet in octets),
        "".join(rf"\\+u{_digits(half)}" for half in _halves(letter)),
        rf"&(?:amp;)*#0*{code};",
        rf"&(?:amp;)*#[xX]0*{_digits(f'{code:x}')};",
    ]
    if letter in _NAMES:
        forms.append(rf"&(?:amp;)*{_NAMES[letter]};")
    if letter == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _digits(text: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in text)


def _halves(letter: str) -> list[str]:
    """A letter's units of UTF-16, in hexadecimal."""
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return [units[at : at + 4] for at in range(0, len(units), 4)]
