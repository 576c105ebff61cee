"""Where products go: a module a kind, with the kind's options beside it.

Nothing is imported here but what reading settings needs, as in ``sources``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasync import registry
from datasync.connection import Credentials
from datasync.errors import InvalidSettings
from datasync.settings import Settings

if TYPE_CHECKING:
    from datasync.delivery.services.base import Service


def open_service(settings: Settings, name: str, scope: str, credentials: Credentials) -> Service:
    """The service of that name, ready to be delivered a scope to. Nothing is connected to before it is."""
    from datasync.delivery.services.base import ServiceOpening

    options = settings.service(name)
    try:
        service: Service = options.open(ServiceOpening(name, scope, options, credentials))
    except ImportError as error:
        problem = f"needs the package {error.name or 'of its kind'}, which is not installed."
        fix = registry.how_to_install(registry.SERVICES, options.kind, options.extra)
        raise InvalidSettings(f"services.{name}", problem, fix) from error
    return service
