"""What opens an HTTP source: a token that stands, tokens that are issued and expire, or OAuth 1.0a signatures."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from datasync import secrets

Flow = Generator[httpx.Request, httpx.Response, None]


class Bearer(httpx.Auth):
    """One token for every request."""

    def __init__(self, token: str) -> None:
        secrets.register(token)
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Flow:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Signed(httpx.Auth):
    """OAuth 1.0a: each request signed by HMAC-SHA256 with the four parts of an integration."""

    def __init__(self, key: str, secret: str, token: str, token_secret: str) -> None:
        secrets.register(key, secret, token, token_secret)
        self._client = Client(key, secret, token, token_secret, signature_method=SIGNATURE_HMAC_SHA256)

    def auth_flow(self, request: httpx.Request) -> Flow:
        _, headers, _ = self._client.sign(str(request.url), http_method=request.method)
        request.headers["Authorization"] = headers["Authorization"]
        yield request


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was issued, and what a new one may be had for; both are registered with the mask."""

    access: str
    refresh: str | None = None

    def __post_init__(self) -> None:
        secrets.register(self.access, self.refresh)


class Issued(httpx.Auth):
    """A token that a service issues. When it is no longer taken, another is asked for, once a request.

    ``grants`` makes the requests for a token, to be tried in order, from the refresh token there is (or None); ``read``
    takes the token out of an answer. ``judge`` raises what an answer means that brought none.
    """

    def __init__(
        self,
        grants: Callable[[str | None], Sequence[httpx.Request]],
        read: Callable[[Any], Token],
        judge: Callable[[httpx.Response, bytes], Any],
    ) -> None:
        self._grants, self._read, self._judge = grants, read, judge
        self._token: Token | None = None

    def auth_flow(self, request: httpx.Request) -> Flow:
        if self._token is None:
            yield from self._issue(None)
        response = yield self._with_token(request)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._issue(self._token.refresh if self._token else None)
            yield self._with_token(request)

    def _with_token(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {self._token.access if self._token else ''}"
        return request

    def _issue(self, refresh: str | None) -> Flow:
        self._token = None
        *earlier, last = self._grants(refresh)
        for ask in earlier:
            response = yield ask
            if response.is_success:
                self._token = self._read(self._judge(response, response.read()))
                return
        response = yield last
        self._token = self._read(self._judge(response, response.read()))
