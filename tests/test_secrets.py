"""The mask: a secret shows in no form, in no log, and in nothing that the store or the shell writes."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasync import secrets
from datasync.connection import from_json, from_uri
from datasync.errors import SourceUnavailable
from datasync.store.files import Folder, read_json, write_json
from tests.searching import shows, texts
from tests.shop import Shop

SECRET = 'hüsh "4f/0c\\9+a17&<é'
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda text: urllib.parse.quote(text, safe=""),
    "percent-encoded, slashes kept": urllib.parse.quote,
    "of a form": urllib.parse.quote_plus,
    "percent-encoded in small letters": lambda text: re.sub(
        "%..", lambda code: code[0].lower(), urllib.parse.quote(text)
    ),
    "twice percent-encoded": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON, letters kept": lambda text: json.dumps(text, ensure_ascii=False),
    "HTML": html.escape,
    "Python": repr,
    "Python's bytes": lambda text: repr(text.encode()),
    "hexadecimal": lambda text: text.encode().hex(),
}


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_REGISTRY", secrets._Registry())


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    shown = f"before {FORMS[form](SECRET)} after"
    assert secrets.mask(shown) == shown
    secrets.register(SECRET)
    masked = secrets.mask(shown)
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert not any(piece in masked for piece in ("4f", "a17", "3466", "sh"))


def in_a_url_in_json_in_a_url(text: str) -> str:
    link = "https://shop.example/?" + urllib.parse.urlencode({"token": text})
    return "https://other.example/?" + urllib.parse.urlencode({"state": json.dumps({"next": link})})


def some_letters(text: str, escape: str, every: int = 2) -> str:
    return "".join(escape.format(ord(c)) if n % every == 0 and c.isascii() else c for n, c in enumerate(text))


HIDDEN: dict[str, Callable[[str], str]] = {
    "a URL in JSON in a URL": in_a_url_in_json_in_a_url,
    "each letter percent-encoded": lambda text: "".join(f"%{octet:02x}" for octet in text.encode()),
    "three times percent-encoded": lambda text: quoted(quoted(quoted(text))),
    "some letters percent-encoded": lambda text: some_letters(text, "%{:02X}", 3),
    "JSON with signs as .NET escapes them": lambda text: some_letters(json.dumps(text), "\\u{:04X}", 5),
    "each letter as JSON may escape it": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "JSON in JSON in JSON": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "HTML numbers": lambda text: some_letters(text, "&#{};", 1),
    "HTML in hexadecimal numbers": lambda text: some_letters(text, "&#x{:X};"),
    "HTML twice": lambda text: html.escape(html.escape(some_letters(text, "&#x{:x};"))),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "base64 in a URL": lambda text: quoted(base64.b64encode(text.encode()).decode()),
    "base64 of what is sent with a login": lambda text: base64.b64encode(f"shop:{text}".encode()).decode(),
    "percent-encoded in JSON in HTML": lambda text: html.escape(json.dumps({"url": f"/?t={quoted(text)}"})),
}


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


@pytest.mark.parametrize("secret", ["hush-4f0c9a17", 'h&sh "4f/0c\\9+a17<', "tok=en4f0c9a17=="])
@pytest.mark.parametrize("form", HIDDEN)
def test_a_secret_is_masked_in_disguise(form: str, secret: str) -> None:
    shown = f"before {HIDDEN[form](secret)} after"
    secrets.register(secret)
    masked, body = secrets.mask(shown), secrets.mask_bytes(shown.encode())
    assert secrets.MASK in masked
    assert body.decode() == masked
    left = re.sub(r"[^a-z0-9]", "", html.unescape(urllib.parse.unquote(masked)).lower())
    assert not any(piece in left for piece in ("4f0c", "9a17", "0c9a", "5c9a", secrets_in_base64(secret)))


def secrets_in_base64(secret: str) -> str:
    return re.sub(r"[^a-z0-9]", "", base64.b64encode(secret.encode()).decode().lower())[:12]


def test_what_is_escaped_and_no_secret_stays_as_it_is() -> None:
    secrets.register("hush-4f0c9a17")
    body = rb'{"name": "\u0048at &amp; %41\u00e9\/", "html": "&lt;b&gt;&#39;x&#39;"}'
    assert secrets.mask_bytes(body) is body


@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_in_base64_wherever_it_begins(encode: Callable[[bytes], bytes], offset: int) -> None:
    secrets.register(SECRET)
    shown = encode(b"x" * offset + SECRET.encode() + b" and more").decode()
    masked = secrets.mask(shown)
    left = masked.partition(secrets.MASK)
    assert secrets.MASK in masked
    assert all(len(side) <= 16 for side in (left[0], left[2]))


@given(st.text(min_size=5, max_size=30).filter(lambda text: len(text.strip()) >= 5), st.text(), st.text())
def test_whatever_the_secret_is_it_is_gone(secret: str, before: str, after: str) -> None:
    registry = secrets._REGISTRY
    registry.secrets, registry.forms, registry.pattern = set(), [], None
    secrets.register(secret)
    assert secrets.mask(secret.strip()) == secrets.MASK
    body = f"{before}{secret.strip()}{after}".encode("utf-8", "surrogatepass")
    if secret.isprintable():
        assert secret.strip().encode() not in secrets.mask_bytes(body)


def test_a_column_is_masked_in_sql(tmp_path: Path) -> None:
    secrets.register(SECRET, "it's (a+b)*c|d^$")
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE texts AS SELECT unnest(?) AS text", [[f"a {SECRET} b", "x it's (a+b)*c|d^$ y", "plain", None]]
    )
    rows = con.execute(f"SELECT {secrets.masked_sql('text')} FROM texts").fetchall()
    con.close()
    assert [text for (text,) in rows] == ["a *** b", "x *** y", "plain", None]


@pytest.mark.parametrize(
    ("connection", "shown"),
    [
        (lambda: from_uri("shop", "http://shop:hush-4f0c@127.0.0.1/?token=tok-77aa1&size=100000"), ["100000"]),
        (lambda: from_json("shop", '{"password": "hush-4f0c", "extra": {"api": {"client_secret": "tok-77aa1"}}}'), []),
        (lambda: from_json("shop", '{"password": "hush-4f0c", "extra": "{\\"access_token\\": \\"tok-77aa1\\"}"}'), []),
        (
            lambda: from_json("shop", '{"extra": {"auth": "hush-4f0c", "key": "tok-77aa1", "token_url": "https://x.y"}}'),
            ["https://x.y"],
        ),
    ],
)  # fmt: skip
def test_what_a_connection_holds_is_registered(connection: Callable[[], object], shown: list[str]) -> None:
    assert "hush" not in repr(connection())
    assert secrets.mask("hush-4f0c tok-77aa1") == "*** ***"
    assert [secrets.mask(text) for text in shown] == shown


def test_a_short_word_is_no_secret_that_can_be_masked() -> None:
    secrets.register("shop", "", None, 5)
    assert secrets.mask("the shop") == "the shop"


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ('GET https://shop.example/rest?q[x]=1&token=abc "200 OK"', 'GET https://shop.example/rest?*** "200 OK"'),
        ("postgresql://erp:word@db.example/shop refused", "postgresql://***@db.example/shop refused"),
        ("Authorization: Bearer eyJhbGciOi.x9", "Authorization: Bearer ***"),
        ("authorization: Basic c2hvcDpodXNo", "authorization: Basic ***"),
        ("Basic shirts are sold out", "Basic shirts are sold out"),
    ],
)  # fmt: skip
def test_a_log_shows_no_login_no_query_and_no_header(line: str, masked: str) -> None:
    assert secrets.mask_log(line) == masked


LOGGED = """
import logging, sys
from datasync import secrets
logging.basicConfig(level=logging.DEBUG, format="%(message)s", stream=sys.stdout)
if sys.argv[1] == "masked":
    secrets.guard_logs()
    secrets.register("hush-4f0c")
logging.getLogger("a.library").warning("the login is %s", "hush-4f0c")
logging.getLogger("httpx").info("HTTP Request: GET https://x.example/?q=hush-4f0c")
try:
    try:
        raise KeyError("hush-4f0c")
    except KeyError as error:
        raise ValueError("because of hush-4f0c") from error
except ValueError:
    logging.getLogger("a.library").exception("it failed with hush-4f0c")
raise RuntimeError("uncaught: hush-4f0c")
"""


def logged(how: str) -> str:
    done = subprocess.run([sys.executable, "-c", LOGGED, how], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_whoever_logs_shows_no_secret() -> None:
    assert logged("plain").count("hush-4f0c") == 6
    text = logged("masked")
    assert "hush-4f0c" not in text
    for words in ("the login is ***", "it failed with ***", "because of ***", "uncaught: ***"):
        assert words in text
    assert "HTTP Request" not in text


def test_what_the_store_writes_is_masked(tmp_path: Path) -> None:
    secrets.register("hush-4f0c")
    store = Folder(str(tmp_path))
    write_json(store, "runs/a.json", {"error": "hush-4f0c", "steps": [{"words": ["x hush-4f0c"]}], "n": 1})
    assert read_json(store, "runs/a.json") == {"error": "***", "steps": [{"words": ["x ***"]}], "n": 1}


@pytest.mark.parametrize("others", [0, 3])  # a pull keeps what it read as it is, or the products alone
def test_a_file_called_by_a_secret_shows_it_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "hush-4f0c9a17")
    shop = Shop(tmp_path)
    shop.sells(("A", "a", "enabled", "x"), ("B", "b", "enabled", "x"), *[("hush-4f0c9a17", "")] * others)
    (tmp_path / "en/products.csv").rename(tmp_path / "en/hush-4f0c9a17.csv")
    told = [shop.run(*argv) for argv in (["sync"], ["publish"], ["check"], ["status"])]
    assert told[0].code == 0, told[0].err
    left = [(str(path), text) for path, text in texts(tmp_path / "var")]
    assert any("/records/" in path for path, _ in left)
    left += [("shell", one.out + one.err) for one in told]
    assert [place for place, text in left if shows(text, "hush-4f0c9a17")] == []


def test_an_error_leaves_without_the_foreign_one_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    secrets.register("hush-4f0c")
    try:
        try:
            raise OSError("dsn postgresql://erp:hush-4f0c@db")
        except OSError as error:
            raise SourceUnavailable("The database did not answer.") from error
    except SourceUnavailable as error:
        shown = secrets.without_chain(error)
        assert shown is error
    assert shown.__cause__ is None and shown.__context__ is None
    (record,) = [record for record in caplog.records if record.name == "datasync.foreign"]
    assert record.levelno == logging.WARNING
    assert "postgresql://***@db" in record.getMessage()


def test_an_error_that_makes_its_words_anew_is_replaced() -> None:
    class Stubborn(Exception):
        def __str__(self) -> str:
            return "hush-4f0c"

    secrets.register("hush-4f0c")
    shown = secrets.without_chain(Stubborn())
    assert isinstance(shown, RuntimeError)
    assert str(shown) == "Stubborn: ***"
