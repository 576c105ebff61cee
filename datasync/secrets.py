"""The secrets of this process, and their mask: what opens a source or a store is registered, and no text shows it.

A secret is registered where it arises: a connection's password and extra, a token that was issued, a header that was
sent. ``mask`` puts three stars in its place, in every form that software gives it: as it is, percent-encoded, in base64
at any offset, escaped for JSON, HTML or Python, and with any letter of it escaped in any of these ways, several times
over or as UTF-16 (``datasync.disguises``). Every log record passes the mask (``guard_logs``), and so does what the
store writes. Words that are not ours (a server's, a driver's) go to one logger alone, by ``log_foreign``.
"""

from __future__ import annotations

import base64
import errno
import html
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from datasync.disguises import disguised, in_any_disguise
from datasync.errors import DatasyncError

MASK = "***"
SHORTEST = 5  # characters: what is shorter stands in ordinary words too, and Airflow's own mask begins there as well
_LONGEST_TEXT = 20_000
_SECRET_KEYS = re.compile(
    r"pass|pwd|secret|token|key|auth|cred|cookie|private|signature|bearer|session|jwt", re.IGNORECASE
)
_NO_SECRET_KEYS = re.compile(r"(url|uri|endpoint|path|file|mode|type)$", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|ACCESS_KEY|API_?KEY|CREDENTIAL", re.IGNORECASE)
_HEADER = re.compile(
    r"\b(Bearer|Basic|Digest|OAuth|AWS4-HMAC-SHA256) +(?=[^\s]*[\d=+/])[^\s'\"][^'\"\n]*", re.IGNORECASE
)
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_USERINFO = re.compile(r"(\b[\w+.-]+://)[^/\s@'\"<>]+@")
_QUERY = re.compile(r"(\bhttps?://[^\s?#'\"<>]+)\?[^\s#'\"<>]+")
_PAIR = re.compile(
    r"([\w-]*(?:passw|passphrase|pwd|secret|token|api_?key|cookie)[\w-]*[\"']?\s*[:=]\s*(?:[bB]?[\"'])?)"
    r"(?=[^\s\"'&;,<>]*[\d=+/])([^\s\"'&;,<>{}\[\]()]{5,})",
    re.IGNORECASE,
)
_LOGIN_IN_URL = re.compile(r"//([^/\s@'\"<>]*)@")
_IN_LOGS = ((_USERINFO, rf"\1{MASK}@"), (_QUERY, rf"\1?{MASK}"), (_HEADER, rf"\1 {MASK}"), (_PAIR, rf"\1{MASK}"))
_KEYLIKE = re.compile(r"(?=.*[\d@+/=])[^\s]{12,}")
_FOREIGN = logging.getLogger("datasync.foreign")


class _Registry:
    """The secrets of this process, their forms, longest first, one pattern for all, and who hears of new ones."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.forms: list[str] = []
        self.pattern: re.Pattern[str] | None = None
        self.listeners: list[Callable[[str], None]] = []

    def add(self, secrets: Iterable[str]) -> None:
        missing = set(secrets) - self.secrets
        self.secrets |= missing
        new = {form for secret in missing for form in _forms_of(secret)} - set(self.forms)
        if not new:
            return
        self.forms = sorted({*self.forms, *new}, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(re.escape, self.forms)))
        for listen in self.listeners:
            for form in new:
                listen(form)


_REGISTRY = _Registry()


def register(*secrets: object) -> None:
    """Mask these from now on; texts shorter than SHORTEST and what is no text are passed over."""
    texts = [secret.strip() for secret in secrets if isinstance(secret, str)]
    _REGISTRY.add([text for text in texts if len(text) >= SHORTEST])


def register_keylike(*texts: object) -> None:
    """Register those texts that look like a key, where others may stand too: a login, a cookie."""
    register(*(text for text in texts if isinstance(text, str) and _KEYLIKE.fullmatch(text)))


def register_mapping(values: Mapping[str, Any]) -> None:
    """Register what stands under a key that sounds like a secret's (password, token, key, ...), however deep, and the
    login in every URL.
    """
    for key, value in values.items():
        _register_value(value, bool(_SECRET_KEYS.search(str(key)) and not _NO_SECRET_KEYS.search(str(key))))


def _register_value(value: object, is_secret: bool) -> None:
    if isinstance(value, Mapping):
        register_mapping(value)
    elif isinstance(value, list | tuple):
        for part in value:
            _register_value(part, is_secret)
    elif isinstance(value, str):
        register_login(value)
        if is_secret:
            register(value)


def register_login(url: str) -> None:
    """Register the login that stands in a URL, and its password as it is and decoded."""
    for login in _LOGIN_IN_URL.findall(url):
        password = login.partition(":")[2]
        register(*((login, password, unquote(password)) if password else ()))
        register_keylike(login)


def register_environment() -> None:
    """Register what stands in variables that are named like secrets, as those of S3 are."""
    register(*(value for name, value in os.environ.items() if _ENVIRONMENT.search(name)))


def on_register(listen: Callable[[str], None]) -> None:
    """Tell ``listen`` of every form that is masked, now and later: Airflow's own mask has to know them for its logs."""
    if listen in _REGISTRY.listeners:
        return
    _REGISTRY.listeners.append(listen)
    for form in _REGISTRY.forms:
        listen(form)


def mask(text: str) -> str:
    """A text without the secrets that are registered."""
    if not _REGISTRY.pattern:
        return text
    text = _REGISTRY.pattern.sub(MASK, text)
    for secret in disguised(_REGISTRY.forms, text.encode("utf-8", "surrogatepass")):
        text = in_any_disguise(secret).sub(MASK, text)
    return text


def mask_log(text: str) -> str:
    """The same for a line of a log, in which no URL shows its login or query, and no header what it opens, either."""
    for pattern, masked in _IN_LOGS:
        text = pattern.sub(masked, text)
    return mask(text)


def mask_all(content: Any) -> Any:
    """JSON content with every text in it masked, keys included."""
    if isinstance(content, str):
        return mask(content)
    if isinstance(content, Mapping):
        return {mask(str(key)): mask_all(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [mask_all(value) for value in content]
    return content


def mask_bytes(body: bytes) -> bytes:
    """A body without registered secrets: looked for first, because most bodies have none."""
    forms = _REGISTRY.forms
    if not any(form.encode() in body for form in forms) and not (forms and disguised(forms, body)):
        return body
    return mask(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def masked_sql(column: str) -> str:
    """SQL for a text column without registered secrets."""
    if not _REGISTRY.forms:
        return column
    pattern = "|".join(map(_for_re2, _REGISTRY.forms)).replace("'", "''")
    return f"regexp_replace({column}, '{pattern}', '{MASK}', 'g')"


def log_foreign(where: str, words: object) -> None:
    """Leave words that are not ours in the task's log, masked: they help to find a cause, and stand nowhere else."""
    without_traceback = str(words).partition("Detail: Python exception: Traceback")[0].rstrip()  # DuckDB adds ours
    _FOREIGN.warning("%s says: %s", where, mask_log(without_traceback)[:_LONGEST_TEXT])


def code_of(error: BaseException) -> str:
    """What a program calls a foreign error, for a sentence of ours: S3's code, the system's, or the error's class."""
    answer = getattr(error, "response", None)
    code = answer.get("Error", {}).get("Code") if isinstance(answer, Mapping) else None
    number = getattr(error, "errno", None)
    code = code or (errno.errorcode.get(number) if isinstance(number, int) else None) or type(error).__name__
    return str(code) if _CODE.fullmatch(str(code)) else type(error).__name__


def clean(error: BaseException) -> None:
    """Mask what an error and those that it came from say, in place."""
    for link in _chain(error):
        link.args = tuple(mask(arg) if isinstance(arg, str) else arg for arg in link.args)
        if notes := getattr(link, "__notes__", None):
            link.__notes__ = [mask(note) for note in notes]


def without_chain(error: Exception) -> Exception:
    """An error as it may be raised out of datasync: masked, and without foreign errors behind it, which are logged.

    An error that is not ours keeps its kind, unless its words show a secret whatever is done to them.
    """
    clean(error)
    cause = error.__cause__ or error.__context__
    if cause is not None and isinstance(error, DatasyncError):
        _log_chain(cause)
        error.__cause__ = error.__context__ = None
        error.__suppress_context__ = True
    words = "".join(traceback.format_exception(error))
    return error if mask(words) == words else RuntimeError(mask(f"{type(error).__name__}: {error}"))


def _log_chain(cause: BaseException) -> None:
    """Log each error of a chain that is not ours with its words alone; where the code was is of use to developers."""
    foreign = [link for link in _chain(cause) if not isinstance(link, DatasyncError)]
    for link in foreign:
        log_foreign(type(link).__name__, link)
    if foreign:
        _FOREIGN.debug("%s", mask_log("".join(traceback.format_exception(cause)))[:_LONGEST_TEXT])


def guard_logs() -> None:
    """Mask every record that any logger makes and what an uncaught error prints, and keep HTTP clients quiet."""
    if getattr(logging.getLogRecordFactory(), "masks", False):
        return
    for name in ("httpx", "httpcore", "oauthlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.setLogRecordFactory(_MaskedRecords(logging.getLogRecordFactory()))
    sys.excepthook = _masked_excepthook
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _masked_hook
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _masked_hook


class _MaskedRecords:
    """Makes log records whose words are masked already, whichever handler writes them."""

    masks = True

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        record.msg, record.args = mask_log(_message(record)), None
        if record.exc_info and record.exc_info[1]:
            clean(record.exc_info[1])
            record.exc_text = mask_log("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        if record.stack_info:
            record.stack_info = mask_log(record.stack_info)
        return record


def _message(record: logging.LogRecord) -> str:
    """What a record says, also where its arguments do not fit its words: a log must not stop what it tells of."""
    try:
        return record.getMessage()
    except Exception:
        return f"{record.msg} {record.args}"


def _masked_excepthook(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    sys.stderr.write(mask_log("".join(traceback.format_exception(kind, error, trace))))


def _masked_hook(hook: Any) -> None:
    """The same for an error that ends a thread, or that nobody can be told of."""
    if hook.exc_type is not SystemExit:
        _masked_excepthook(hook.exc_type, hook.exc_value, hook.exc_traceback)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [cause for cause in (link.__cause__, link.__context__) if cause is not None]
        waiting += getattr(link, "exceptions", ())


def _forms_of(secret: str) -> Iterator[str]:
    """Every form in which software writes a secret."""
    for plain in dict.fromkeys((secret, secret.encode("unicode_escape").decode())):
        yield plain
        yield json.dumps(plain)[1:-1]
        yield json.dumps(plain, ensure_ascii=False)[1:-1]
        yield json.dumps(plain)[1:-1].replace("/", "\\/")
        yield html.escape(plain)
        yield html.escape(plain, quote=False)
        yield repr(plain)[1:-1]
    yield repr(secret.encode())[2:-1]
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret), quote(quote(secret, safe=""), safe="")):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), encoded)
    yield secret.encode().hex()
    yield secret.encode().hex().upper()
    yield from _in_base64(secret.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """What base64 makes of a secret wherever in a text it begins: the letters that its neighbours do not change."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            letters = encode(b"\0" * offset + secret).decode().rstrip("=")
            first = (0, 2, 3)[offset]
            last = len(letters) - ((offset + len(secret)) % 3 != 0)
            if last - first >= SHORTEST:
                yield letters[first:last]


def _for_re2(form: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", form, flags=re.ASCII) if form.isascii() else f"\\Q{form}\\E"
