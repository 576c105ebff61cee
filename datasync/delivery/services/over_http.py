"""Requests of a service over HTTP: one batch handed over, tried again within its time, and what each answer means.

2xx with JSON               the answer
408, 425, 429               tried again after Retry-After, within the batch's time; then nobody answered
5xx, a connection cut       tried once more; then the batch got no answer, and a product of it may be the cause
no answer within `timeout`  the same, without another try
400, 413, 422               the batch is refused, and nothing of it was taken
anything else               the service refuses us, or something else answers at its place: a redirect is never
                            followed, because a POST that becomes a GET looks delivered
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
import pyarrow as pa

from datasync import secrets
from datasync.connection import Connection
from datasync.delivery.services.base import Batch, BatchRefused, BatchUnanswered
from datasync.errors import ServiceBroken, ServiceRefused, ServiceUnavailable
from datasync.web.bounded import TooLarge, read_body
from datasync.web.deadline import Deadline
from datasync.web.headers import retry_after
from datasync.web.http import address, message

ANSWERS = pa.schema({"sku": pa.string(), "outcome": pa.string(), "words": pa.string()})
TRIES = 2  # of a batch that got no answer; a third one would rather tell of a product that is at fault
BACKOFF = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
_LATER = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS}
_REFUSED = {httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE, httpx.codes.UNPROCESSABLE_ENTITY}
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_SHOWN = 300  # letters of a server's own words
_LOGGED = 2_000  # bytes of an answer, in the log


class _Again(Exception):
    """No answer this time; ``after`` is how long the service asked to be left alone."""

    def __init__(self, error: ServiceUnavailable, after: float | None = None, tries: int = len(BACKOFF)) -> None:
        self.error, self.after, self.tries = error, after, tries
        super().__init__(str(error))


class Sender:
    """The HTTP interface of one service at the address of its connection; ``timeout`` is the longest that one answer
    may take, in seconds. Whatever opens the service goes into ``options`` of httpx's client.
    """

    def __init__(self, service: str, connection: Connection, timeout: float = 60.0, **options: Any) -> None:
        self._service, self._timeout = service, timeout
        waits = httpx.Timeout(timeout, connect=min(timeout, 15.0))
        self._options = {"base_url": address(connection), "timeout": waits, "follow_redirects": False, **options}
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Let go the connections to the service; the next request opens them anew."""
        if self._client:
            self._client.close()
        self._client = None

    def ask(self, path: str) -> Any:
        """The JSON of a GET. Raises ServiceUnavailable or ServiceRefused."""
        try:
            return self._once("GET", path, self._timeout, {})
        except _Again as again:
            raise ServiceUnavailable(str(again.error)) from None
        except BatchRefused as refusal:
            raise ServiceRefused(self._service, f"GET {path} is refused ({refusal.words})") from None

    def send(self, path: str, batch: Batch, body: str, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that the service answers to a batch, which goes to it as ``body``, by POST.

        Raises what ``Service.deliver`` may raise. The batch's key goes along, so that the service can know another try.
        """
        sent = {"Content-Type": "application/json", "Idempotency-Key": batch.key, **(headers or {})}
        for number, backoff in enumerate(BACKOFF, 1):
            try:
                left = batch.deadline - time.monotonic()
                content = {"content": body.encode("utf-8", "replace"), "headers": sent}
                return self._once("POST", path, min(left, self._timeout), content)
            except _Again as again:
                wait = backoff if again.after is None else again.after
                if number >= again.tries or time.monotonic() + wait >= batch.deadline:
                    raise again.error from None
                time.sleep(wait)
        raise AssertionError("the last try raises")

    def _once(self, method: str, path: str, seconds: float, content: Mapping[str, Any]) -> Any:
        client = self._client = self._client or httpx.Client(**self._options)
        deadline = Deadline(max(seconds, 0.001))
        deadline.begin()
        try:
            with client.stream(method, path, extensions={"trace": deadline.trace}, **content) as response:
                body = read_body(response)
        except _NEVER_SENT as error:
            raise _Again(self._unavailable(error), tries=TRIES) from None
        except TooLarge as error:
            raise ServiceBroken(self._service, f"an answer {error}") from None
        except httpx.HTTPError as error:
            raise self._no_answer(error, deadline) from None
        finally:
            deadline.end()
        return self._judged(response, secrets.mask_bytes(body))

    def _judged(self, response: httpx.Response, body: bytes) -> Any:
        """The JSON of an answer; raises what any other answer means."""
        status, says = response.status_code, f"HTTP {response.status_code}"
        if not response.is_success:
            words = body[:_LOGGED].decode(errors="replace")
            secrets.log_foreign(f"services.{self._service} ({status})", words)
        if status in _LATER:
            raise _Again(self._says(ServiceUnavailable, says), retry_after(response))
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _Again(self._says(BatchUnanswered, says), retry_after(response), TRIES)
        if status in _REFUSED:
            raise BatchRefused(f"{says}{_own_words(body)}")
        if response.is_redirect:
            raise ServiceRefused(self._service, f"it answered {says}, which points elsewhere and is not followed")
        if not response.is_success:
            raise ServiceRefused(self._service, f"it answered {says}")
        try:
            return json.loads(body)
        except ValueError:
            raise self._says(ServiceUnavailable, f"{says}, and no JSON with it: is it under repair?") from None

    def _says(self, kind: type[ServiceUnavailable], words: str) -> ServiceUnavailable:
        return kind(f"services.{self._service}: it answered {words.rstrip('.')}.")

    def _unavailable(self, error: Exception) -> ServiceUnavailable:
        secrets.log_foreign(f"services.{self._service}", error)
        return ServiceUnavailable(f"services.{self._service}: it cannot be reached ({type(error).__name__}).")

    def _no_answer(self, error: Exception, deadline: Deadline) -> _Again:
        if deadline.is_over or isinstance(error, httpx.TimeoutException):
            words = f"services.{self._service}: no answer was there after {deadline.seconds:,.0f} s."
            return _Again(BatchUnanswered(words), tries=1)
        secrets.log_foreign(f"services.{self._service}", error)
        words = f"services.{self._service}: the connection ended without an answer ({type(error).__name__})."
        return _Again(BatchUnanswered(words), tries=TRIES)


def _own_words(body: bytes) -> str:
    """What a service says of a batch that it refuses, for the page, on which a rejection is shown in these words."""
    with suppress(ValueError):
        return f": {words[:_SHOWN]}" if (words := message(json.loads(body))) else ""
    return ""


def answers_of(service: str, items: Any) -> pa.Table:
    """The answers to a batch from JSON, a list of objects with sku, outcome and words; ServiceBroken if it is no such
    list.
    """
    try:
        return pa.Table.from_pylist(items, schema=ANSWERS).append_column("answered_at", pa.nulls(len(items), _TIME))
    except (pa.ArrowException, AttributeError, TypeError, UnicodeError):
        raise ServiceBroken(service, "they are no list of objects with sku, outcome and words") from None


_TIME = pa.timestamp("us", tz="UTC")
