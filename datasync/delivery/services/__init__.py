"""Where products go: a module a kind, with the kind's options beside it.

Nothing is imported here but what reading settings needs, as in ``sources``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasync import registry
from datasync.connection import Credentials
from datasync.errors import InvalidSettings
from datasync.settings import ServiceOptions, Settings, service_kind

if TYPE_CHECKING:
    from datasync.delivery.services.base import Service


def open_service(settings: Settings, name: str, scope: str, credentials: Credentials) -> Service:
    """The service of that name, ready to be delivered a scope to. Nothing is connected to before it is."""
    return _opened(settings.service(name), name, scope, credentials)


def reopen_service(
    name: str, scope: str, written: Mapping[str, Any], credentials: Credentials
) -> tuple[ServiceOptions, Service]:
    """A service that left the settings, and its options, as its receipts have them."""
    options = service_kind(written["kind"]).model_validate(written)
    return options, _opened(options, name, scope, credentials)


def _opened(options: ServiceOptions, name: str, scope: str, credentials: Credentials) -> Service:
    from datasync.delivery.services.base import ServiceOpening

    try:
        service: Service = options.open(ServiceOpening(name, scope, options, credentials))
    except ImportError as error:
        problem = f"needs the package {error.name or 'of its kind'}, which is not installed."
        fix = registry.how_to_install(registry.SERVICES, options.kind, options.extra)
        raise InvalidSettings(f"services.{name}", problem, fix) from error
    return service
