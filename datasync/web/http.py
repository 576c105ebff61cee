"""Asking an HTTP source: one session, tries and waits, its budget, and what each kind of answer means.

An answer is JSON or an error that says what to do. Timeouts, connections that are cut, 408, 429 and 5xx, and pages that
are no JSON (a proxy's, a maintenance page) are tried again, after Retry-After where the source gives one. An answer
that does not come to its end in time, or grows over any page's size, is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from datasync import secrets
from datasync.connection import Connection
from datasync.errors import AccessDenied, InvalidConnection, SourceRefused, SourceUnavailable, UnexpectedAnswer
from datasync.web.bounded import TooLarge, bound, read_body
from datasync.web.deadline import Deadline
from datasync.web.headers import answered_at, cause, redirect_host, retry_after
from datasync.web.parsed import parsed
from datasync.web.rate_limit import RateLimiter

TRIES = 6
_LONGEST_WAIT = 300.0
_TIMEOUT = httpx.Timeout(120, connect=15)
_BACKOFF = wait_exponential_jitter(multiplier=0.5, max=60, jitter=0.5)
_AGAIN = {408, 425, 429}
_PLAIN = "If that place speaks plain HTTP, write http:// before the host in the connection."
_TLS = {
    "CERTIFICATE_VERIFY_FAILED": "Have this machine trust who signed the certificate (SSL_CERT_FILE names a file), or "
    "mend the host in the connection.",
    **dict.fromkeys(("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"), _PLAIN),
}
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_KIND = re.compile(r"[\w.+-]{1,40}/[\w.+-]{1,60}|nothing")
_LOGGED = 2_000  # bytes of an answer that is no JSON, in the log
_NOT_HTTP = ("aws", "ftp", "mongo", "mssql", "mysql", "oracle", "postgres", "redis", "sftp", "sqlite", "ssh")

Params = Sequence[tuple[str, str]]


class Again(Exception):
    """No answer this time; ``after`` is how many seconds the source asked to be left alone."""

    def __init__(self, problem: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered, and what time it was there."""

    json: Any
    at: datetime | None


class Api:
    """The HTTP interface of one source. ``requests`` counts what was sent, tries and tokens included."""

    def __init__(
        self,
        source: str,
        base: str,
        rate_limiter: RateLimiter,
        credentials: Collection[str],
        headers: Mapping[str, str],
        seconds: float = 300,
    ) -> None:
        self._source, self._rate_limiter, self._deadline = source, rate_limiter, Deadline(seconds)
        secrets.register(*credentials)
        self._client = httpx.Client(
            base_url=base,
            timeout=_TIMEOUT,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": "datasync",
                **headers,
            },
            event_hooks={"request": [self._begin], "response": [bound]},
        )
        self.requests = 0

    def authorized(self, auth: httpx.Auth) -> Api:
        """This interface, opened by ``auth`` from now on."""
        self._client.auth = auth
        return self

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, params: Params = ()) -> Answer:
        """Ask for ``path``, below the base.

        Raises SourceUnavailable where trying again later may help, AccessDenied, or SourceRefused with its status.
        """
        tries = Retrying(stop=stop_after_attempt(TRIES), wait=_wait, retry=retry_if_exception_type(Again), reraise=True)
        try:
            return tries(self._once, path, params)
        except Again as error:
            raise SourceUnavailable(f"sources.{self._source}: {error}") from None

    def request(self, path: str, **content: Any) -> httpx.Request:
        """A POST that is not sent yet, below the base or to another place."""
        return self._client.build_request("POST", path, **content)

    def judge(self, response: httpx.Response, content: bytes) -> Any:
        """The JSON in the content of an answer; raises what any other answer means."""
        place = self._place(response.url)
        status, says = response.status_code, f"{self._code(response, content)} ({place})"
        if status in _AGAIN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._again(f"it answered {status}{says}.", retry_after(response))
        if response.is_redirect:
            where = redirect_host(response.headers.get("location", ""))
            raise SourceRefused(self._source, status, f"it answered {status}{says} and points to {where}")
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise AccessDenied(self._source, status, f"it answered {status}{says}")
        if response.is_error:
            raise SourceRefused(self._source, status, f"it answered {status}{says}")
        return self._json(response, content)

    def judge_token(self, response: httpx.Response, content: bytes) -> Any:
        """The same for an answer that should bring a token: whatever is wrong with what was sent, it lets nobody in."""
        try:
            return self.judge(response, content)
        except SourceRefused as error:
            if error.status in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
                raise AccessDenied(self._source, error.status, error.problem) from None
            raise

    def _once(self, path: str, params: Params) -> Answer:
        try:
            with self._rate_limiter.slot(), self._client.stream("GET", path, params=list(params) or None) as response:
                body = read_body(response)
        except TooLarge as error:
            fix = "A smaller `page_size` makes smaller answers."
            raise SourceRefused(self._source, 0, f"an answer {error}", fix) from None
        except httpx.InvalidURL:
            raise UnexpectedAnswer(self._source, "it points to a page by what is no address") from None
        except httpx.RequestError as error:
            raise self._failed(error) from None
        finally:
            self._deadline.end()
        if self._deadline.is_over:  # a body without a length ends where its connection does
            raise self._too_late()
        secrets.register_keylike(*self._client.cookies.values())
        return Answer(self.judge(response, secrets.mask_bytes(body)), answered_at(response))

    def _failed(self, error: httpx.RequestError) -> Exception:
        """What a request means that got no answer: most are worth another try, a mistaken protocol is not."""
        place, says = self._place(self._client.base_url), str(error)
        if self._deadline.is_over:
            return self._too_late()
        secrets.log_foreign(place, error)
        if code := next((code for code in _TLS if code in says), None):
            return SourceRefused(self._source, 0, f"there is no safe connection to {place} ({code})", _TLS[code])
        return self._again(f"the connection to {place} failed ({cause(error)}).")

    def _place(self, url: httpx.URL) -> str:
        """An address without its query, which may hold anything."""
        return secrets.mask(str(url.copy_with(query=None, userinfo=b"")).rstrip("/"))[:300]

    def _too_late(self) -> SourceUnavailable:
        return SourceUnavailable(
            f"sources.{self._source}: an answer was not there, or not whole, after {self._deadline.seconds:,.0f} s. "
            "Is the source overloaded? A smaller `page_size` or a longer `timeout` of the source may help."
        )

    def _json(self, response: httpx.Response, content: bytes) -> Any:
        kind = response.headers.get("content-type", "nothing").split(";")[0].strip()
        if "json" not in kind:
            place, shown = self._place(response.url), kind if _KIND.fullmatch(kind) else "something else"
            raise self._again(f"{place} answered with {shown}, not with JSON. Is it right, or is it under repair?")
        try:
            return parsed(content)
        except (ValueError, RecursionError):
            raise self._again("what it answered is no JSON; it broke off, or something in between wrote it.") from None

    def _again(self, problem: str, after: float | None = None) -> Again | SourceUnavailable:
        if after is not None and after > _LONGEST_WAIT:
            wait = f"It asks to be left alone for {after:,.0f} s: run again after that."
            return SourceUnavailable(f"sources.{self._source}: {problem} {wait}")
        return Again(problem, after)

    def _code(self, response: httpx.Response, content: bytes) -> str:
        """The source's own code for an error, for a sentence; what else it says goes to the log alone."""
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if not response.is_success:
            location = response.headers.get("location", "")
            words = f"{message(answer) or _beginning(content)} {location}".strip()
            secrets.log_foreign(f"{self._place(response.url)} ({response.status_code})", words)
        codes = [answer.get(key) for key in ("code", "error")] if isinstance(answer, Mapping) else []
        code = next((str(code) for code in codes if code and _CODE.fullmatch(str(code))), None)
        return f", code {secrets.mask(code)}" if code and code != str(response.status_code) else ""

    def _begin(self, request: httpx.Request) -> None:
        """Each request, one for a token too, is counted, waits for its moment, and has a time of its own."""
        self._rate_limiter.wait_turn()
        self.requests += 1
        request.extensions = {**request.extensions, "trace": self._deadline.trace}
        self._deadline.begin()


def _beginning(content: bytes) -> str:
    """The beginning of an answer for the log, cut after it was masked: half a secret is none that the mask knows."""
    return secrets.mask_bytes(content)[:_LOGGED].decode("utf-8", "replace")


def address(connection: Connection, subject: str = "source") -> str:
    """A connection's base URL: its host with or without a protocol (https if none is given), port and path.

    ``schema`` is the protocol where it names one, as Airflow's own HTTP connections have it, else a path.
    """
    if connection.type in _NOT_HTTP:
        raise InvalidConnection(
            connection.name, f"is of type {connection.type!r}, and this {subject} is asked over HTTP"
        )
    schema = connection.schema.strip("/")
    is_protocol = schema in ("http", "https")
    written = connection.host.strip()
    parts = urlsplit(written if "://" in written else f"{schema if is_protocol else 'https'}://{written}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidConnection(connection.name, "has no host, as in https://shop.example")
    if "@" in f"{parts.netloc}{parts.path}{schema}" or parts.query or parts.fragment:
        problem = "has a login or a query in its host; login and password have fields, and in a URI a / in them is %2F"
        raise InvalidConnection(connection.name, problem)
    port = f":{connection.port}" if connection.port and ":" not in parts.netloc.rpartition("]")[2] else ""
    path = "/".join(part for part in (parts.path.strip("/"), "" if is_protocol else schema) if part)
    return f"{parts.scheme}://{parts.netloc}{port}/{path}".rstrip("/")


def lacking(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    """The names that a connection gives nothing for, for a sentence."""
    return ", ".join(name for name in names if not fields.get(name))


def message(body: Any) -> str:
    """The sentence of an error in JSON, with its placeholders filled: ``%1`` by place, ``%name`` by name."""
    if not isinstance(body, Mapping):
        return ""
    text, parameters = str(body.get("message") or body.get("error_description") or ""), body.get("parameters")
    named = (
        parameters.items()
        if isinstance(parameters, Mapping)
        else enumerate(parameters if isinstance(parameters, list) else (), 1)
    )
    for name, value in sorted(named, key=lambda item: len(str(item[0])), reverse=True):
        text = text.replace(f"%{name}", str(value))
    return text


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.after if isinstance(error, Again) and error.after is not None else _BACKOFF(state)
