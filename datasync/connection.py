"""A connection: where a system is and what opens it, known by a name, kept by Airflow or in the environment.

The settings name it; its secrets come through ``Credentials`` at the moment they are used, and nothing prints them. A
connection is written the way Airflow writes one: as a URI or as JSON, in AIRFLOW_CONN_<NAME>.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from datasync import secrets
from datasync.errors import InvalidConnection, MissingConnection

_WHOLE_EXTRA = "__extra__"  # the one parameter of a URI that holds an ``extra`` which is more than plain texts


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a system is and what opens it. Its repr shows its name and type alone: anything else may hold a secret.

    Its password, what in its extra sounds like one, a login that looks like a key, and what a host or an extra has of a
    login in a URL are registered with the mask as it is made.
    """

    name: str
    type: str = ""
    host: str = field(default="", repr=False)
    port: int | None = field(default=None, repr=False)
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    schema: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        secrets.register(self.password)
        secrets.register_keylike(self.login)
        secrets.register_login(self.host if "://" in self.host else f"//{self.host}")
        secrets.register_mapping(self.extra)


Credentials = Callable[[str], Connection]


def variable(name: str) -> str:
    """The environment variable that holds the connection called ``name``."""
    return f"AIRFLOW_CONN_{name.upper()}"


def from_environment(name: str) -> Connection:
    """The connection that AIRFLOW_CONN_<NAME> holds, as a URI or as JSON; MissingConnection where it is not set."""
    written = os.environ.get(variable(name), "").strip()
    if not written:
        raise MissingConnection(name, variable(name))
    return from_json(name, written) if written.startswith("{") else from_uri(name, written)


def from_json(name: str, written: str) -> Connection:
    """A connection from a JSON object with conn_type, host, port, login, password, schema and extra."""
    try:
        fields = json.loads(written)
        port = int(fields["port"]) if fields.get("port") else None
    except (ValueError, TypeError, AttributeError):
        raise InvalidConnection(name, "is no JSON object with a number as its port") from None
    texts = {key: str(fields.get(key) or "") for key in ("host", "login", "password", "schema")}
    return Connection(name, _type(fields.get("conn_type")), port=port, extra=extra(name, fields.get("extra")), **texts)


def from_uri(name: str, written: str) -> Connection:
    """A connection from ``type://login:password@host:port/schema?extra``; every part is percent-encoded.

    The host may have a protocol of its own, as in ``akeneo://https://login:password@host``.
    """
    try:
        kind, protocol, parts = _parts(written)
        port = parts.port
    except ValueError:
        problem = (
            "is no URI as in type://login:password@host:port/schema?key=value, each part percent-encoded (/ as %2F)"
        )
        raise InvalidConnection(name, problem) from None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    host = unquote(parts.hostname or "")
    return Connection(
        name,
        _type(kind),
        host=f"{protocol}://{host}" if protocol and host else host,
        port=port,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        schema=unquote(parts.path[1:]),
        extra=extra(name, query.get(_WHOLE_EXTRA, query)),
    )


def extra(name: str, extra_value: object) -> Mapping[str, Any]:
    """What a connection has beside its fields, from a JSON object or its text; nothing where nothing was given."""
    try:
        extras = json.loads(extra_value) if isinstance(extra_value, str) and extra_value.strip() else extra_value or {}
    except ValueError:
        extras = None
    if not isinstance(extras, Mapping):
        raise InvalidConnection(name, "has an extra that is no JSON object")
    return dict(extras)


def _parts(written: str) -> tuple[str, str, SplitResult]:
    """The type, the host's own protocol (or nothing), and the rest of a URI."""
    kind, separator, rest = written.partition("://")
    protocol, own, tail = rest.partition("://")
    is_own = bool(own) and protocol.isalnum()
    if not separator or not kind.replace("-", "").replace("_", "").replace("+", "").isalnum():
        raise ValueError
    return kind.lower(), protocol if is_own else "", urlsplit(f"//{tail if is_own else rest}")


def _type(kind: object) -> str:
    return "postgres" if kind == "postgresql" else str(kind or "").replace("-", "_")
