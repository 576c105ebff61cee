"""Requests to an OpenSearch server, and what each kind of answer means.

Nothing is followed or tried again here in silence: a redirect may turn a request that writes into one that reads, so it
is no answer, and neither is a page of HTML.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from isal import igzip

from datasync import secrets
from datasync.connection import Connection
from datasync.delivery.services.base import BatchUnanswered
from datasync.errors import InvalidConnection, ServiceRefused, ServiceUnavailable
from datasync.web.bounded import TooLarge, read_body, refuse_packed
from datasync.web.deadline import Deadline
from datasync.web.headers import cause, redirect_host, retry_after
from datasync.web.http import address

PORT = 9200
TRIES = 4
TRIES_OF_A_SUSPECT = 2  # a third one would rather tell of a product that is at fault
_LONGEST_WORDS = 300  # letters of a server's own words
_LONGEST_WAIT = 60.0
_AGAIN = (408, 425, 429)
_SUSPICIOUS = (500, 502, 504)  # the server, or the one behind a gateway, fails; with 503 it says that it is away
_EXPECTED = (404, 409)  # what is not there yet, and what is newer: an answer like any other
_YES = ("true", "1", "yes")

Parameters = Mapping[str, str]


class Again(Exception):
    """No answer this time; ``after`` is how many seconds the server asked to be left alone, and ``tries`` how often it
    is asked in all.

    ``is_suspicious``: what was sent may be the cause, because the server fails over it, cuts the connection or is too
    long at it.
    """

    def __init__(
        self, problem: str, after: float | None = None, *, is_suspicious: bool = False, tries: int = TRIES
    ) -> None:
        self.after, self.is_suspicious, self.tries = after, is_suspicious, tries
        super().__init__(problem)


class NotLetIn(Exception):
    """The server, or what stands before it, does not let this connection in."""


class Refused(Exception):
    """The server refuses a request as a whole, and did nothing of it."""

    def __init__(self, status: int, kind: str, words: str) -> None:
        self.status, self.kind, self.words = status, kind, words
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Access:
    """Where a server is and what opens it. ``seconds`` is how long one answer may take."""

    service: str
    connection: Connection
    base: str
    verify: bool | ssl.SSLContext
    seconds: float

    @classmethod
    def of(cls, service: str, connection: Connection, seconds: float) -> Access:
        """The access that a connection gives, as Airflow's provider for OpenSearch writes one: plain HTTP unless
        ``use_ssl`` is set in its extra, or its host or schema says https.
        """
        is_safe = _is_yes(connection.extra.get("use_ssl", False))
        protocol = "https" if is_safe else connection.schema or "http"
        at = replace(connection, schema=protocol, port=connection.port or PORT)
        base = address(at, "service")
        return cls(service, connection, base, _verify(connection, base), seconds)

    @property
    def place(self) -> str:
        """The server's address for a sentence."""
        return secrets.mask(self.base)

    @property
    def is_open_to_readers(self) -> bool:
        """True if the password goes over a network unencrypted."""
        host = httpx.URL(self.base).host
        return bool(self.connection.password) and self.base.startswith("http:") and host not in _LOOPBACK

    def denied(self, error: NotLetIn) -> ServiceRefused:
        """The same, for whoever keeps the connection."""
        return ServiceRefused(self.service, f"the connection {self.connection.name!r} does not open it: {error}")

    def unavailable(self, problem: object) -> ServiceUnavailable:
        """The same for whoever is to try again."""
        return ServiceUnavailable(f"services.{self.service}: {problem}")

    def unanswered(self, problem: object) -> BatchUnanswered:
        """The same of a batch, a product of which may be the cause."""
        return BatchUnanswered(f"services.{self.service}: {problem}")


_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _is_yes(value: object) -> bool:
    """A switch of a connection's extra, which is text where the connection is a URI."""
    return value if isinstance(value, bool) else str(value).strip().lower() in _YES


def _verify(connection: Connection, base: str) -> bool | ssl.SSLContext:
    """How the server's certificate is checked, if it has one: always, unless ``verify_certs`` says no."""
    if base.startswith("http:") or not _is_yes(connection.extra.get("verify_certs", True)):
        return False
    if file := connection.extra.get("ca_certs"):
        try:
            return ssl.create_default_context(cafile=str(file))
        except OSError:
            problem = "names a file in ca_certs that cannot be read as certificates"
            raise InvalidConnection(connection.name, problem) from None
    return httpx.create_ssl_context()


class Session:
    """One connection to a server, for one request at a time."""

    def __init__(self, access: Access) -> None:
        self.access, self._deadline = access, Deadline(access.seconds)
        login = access.connection.login
        self._client = httpx.Client(
            base_url=access.base,
            auth=(login, access.connection.password) if login else None,
            verify=access.verify,
            timeout=httpx.Timeout(access.seconds, connect=min(15, access.seconds)),
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "datasync"},
            follow_redirects=False,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def bulk(self, path: str, lines: bytes, parameters: Parameters, until: float) -> str:
        """Send lines of a bulk request, packed, and return the JSON of the answer. Raises Again, NotLetIn, Refused."""
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        packed = igzip.compress(lines, compresslevel=1)
        return self._once("POST", path, parameters, packed, headers, until)

    def ask(self, method: str, path: str, body: Any = None, **parameters: str) -> Any:
        """The JSON that the server answers with, asked for again while nobody answers.

        Raises ServiceUnavailable, ServiceRefused where the connection is not let in, and Refused.
        """
        return json.loads(self.ask_text(method, path, body, **parameters))

    def ask_text(self, method: str, path: str, body: Any = None, **parameters: str) -> str:
        """The same as text. A ``body`` that is a text is sent as it is."""
        content = (body if isinstance(body, str) else json.dumps(body)).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            return self._persistently(method, path, parameters, content, headers)
        except NotLetIn as error:
            raise self.access.denied(error) from None

    def _persistently(
        self, method: str, path: str, parameters: Parameters, content: bytes | None, headers: Mapping[str, str]
    ) -> str:
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(method, path, parameters, content, headers, time.monotonic() + self.access.seconds)
            except Again as error:
                if attempt == TRIES or (error.after or 0) > _LONGEST_WAIT:
                    raise self.access.unavailable(error) from None
                time.sleep(wait_before(attempt, error.after))
        raise AssertionError("the last try returns or raises")

    def _once(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        content: bytes | None,
        headers: Mapping[str, str],
        until: float,
    ) -> str:
        """One request, which is over at a moment of ``time.monotonic()`` or ``timeout`` later, whichever is first."""
        seconds = min(self.access.seconds, until - time.monotonic())
        if seconds <= 0:
            raise Again(f"{self.access.place} was not asked any more, because the time for this batch is over.")
        with self._limited(seconds):
            request = self._client.build_request(
                method, path, params=dict(parameters), content=content, headers=dict(headers)
            )
            request.extensions = {**request.extensions, "trace": self._deadline.trace}
            response = self._client.send(request, stream=True)
            try:
                refuse_packed(response)
                body = read_body(response)
            finally:
                response.close()
        return self._judged(response, body)

    @contextmanager
    def _limited(self, seconds: float) -> Iterator[None]:
        """The time of one request, and what it means that there is no answer."""
        self._deadline.seconds = seconds
        self._deadline.begin()
        try:
            yield
        except TooLarge as error:
            raise Again(f"an answer of {self.access.place} {error}.") from None
        except httpx.RequestError as error:
            raise self._failed(error, seconds) from None
        finally:
            self._deadline.end()
        if self._deadline.is_over:
            raise self._too_late(seconds)

    def _failed(self, error: httpx.RequestError, seconds: float) -> Exception:
        if self._deadline.is_over:
            return self._too_late(seconds)
        secrets.log_foreign(self.access.place, error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return NotLetIn("its certificate is not trusted; ca_certs in the extra names a file with those that are")
        problem = f"the connection to {self.access.place} failed ({cause(error)})."
        is_cut = isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError)
        return Again(problem, is_suspicious=True, tries=TRIES_OF_A_SUSPECT) if is_cut else Again(problem)

    def _too_late(self, seconds: float) -> Again:
        problem = f"an answer of {self.access.place} was not there, or not whole, after {seconds:,.0f} s."
        return Again(problem, is_suspicious=True, tries=1)

    def _judged(self, response: httpx.Response, body: bytes) -> str:
        """The text of an answer in JSON; raises what any other one means."""
        status, place = response.status_code, self.access.place
        if response.is_redirect or response.has_redirect_location:
            where = redirect_host(response.headers.get("location", ""))
            raise NotLetIn(f"{place} answered {status} and points to {where}, and no redirect is followed")
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise NotLetIn(f"{place} answered {status}. Look at its login and password, and at what they may do there")
        kind, words = ("", "") if response.is_success else _error(body)
        says = f" ({kind})" if kind else ""
        if status in _AGAIN or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            is_suspicious = status in _SUSPICIOUS
            tries = TRIES_OF_A_SUSPECT if is_suspicious else TRIES
            answered, after = f"{place} answered {status}{says}.", retry_after(response)
            raise Again(answered, after, is_suspicious=is_suspicious, tries=tries)
        if response.is_error:
            if status not in _EXPECTED:
                secrets.log_foreign(f"{place} ({status})", words)
            raise Refused(status, kind, f"OpenSearch says {status}, {shortened(words or 'and nothing else')}")
        if "json" not in response.headers.get("content-type", "").partition(";")[0]:
            raise Again(f"{place} answered with something else than JSON. Is it right, or is it under repair?")
        try:
            json.loads(body)
            return body.decode()
        except (ValueError, RecursionError):
            raise Again(f"what {place} answered is no JSON; it broke off, or something in between wrote it.") from None


def wait_before(attempt: int, after: float | None) -> float:
    """Seconds until the next try: what the server asked for, else twice as long as before."""
    return min(_LONGEST_WAIT, after) if after is not None else min(0.25 * 2**attempt, 10.0)


def shortened(words: str) -> str:
    """A server's own words without secrets, and then short: half a secret is none that the mask knows."""
    masked = secrets.mask(words)
    return masked if len(masked) <= _LONGEST_WORDS else f"{masked[: _LONGEST_WORDS - 3]}..."


def _error(body: bytes) -> tuple[str, str]:
    """The type and the reason of an error in OpenSearch's JSON; nothing where it is none."""
    try:
        error = json.loads(body)["error"]
        return str(error["type"]), f"{error['type']}: {error['reason']}"
    except (ValueError, LookupError, TypeError, RecursionError):
        return "", ""
