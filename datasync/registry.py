"""The kinds of source and of service, by name: those that ship with datasync, and those of other packages.

A kind is the class of its options, named by an entry point as ``package.module:Class``. Nothing of a kind is imported
before somebody needs it, so a package that cannot be imported harms nobody who does not use it.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from datasync.errors import UnusableKind

SOURCES, SERVICES = "datasync.sources", "datasync.services"
DEFAULT_SERVICE = "feed"  # what a service is that names no kind

# What other packages write into their pyproject.toml stands here for the kinds that ship with datasync. Entry points
# are written when a package is installed: a checkout on the path has none, and one that was installed before a kind was
# added does not have that kind.
_SHIPPED = {
    SOURCES: {
        "adobe-commerce": "datasync.sources.rest.adobe_commerce_options:AdobeCommerceSource",
        "akeneo": "datasync.sources.rest.akeneo_options:AkeneoSource",
        "files": "datasync.sources.files.options:FilesSource",
        "sample": "datasync.sources.sample.options:SampleSource",
        "sql": "datasync.sources.sql.options:SqlSource",
    },
    SERVICES: {
        "feed": "datasync.delivery.services.feed_options:FeedService",
        "opensearch": "datasync.delivery.services.opensearch.options:OpenSearchService",
        "sql": "datasync.delivery.services.sql.options:SqlService",
    },
}


def names(group: str) -> list[str]:
    """Every kind of a group that is declared, whether it can be used or not."""
    return sorted({declared.name for declared in _declared(group)})


def load(group: str, name: str) -> object:
    """What the kind called ``name`` declares; UnusableKind where it cannot be imported, or is declared twice."""
    (first, *others) = [declared for declared in _declared(group) if declared.name == name]
    if others:
        packages = sorted(map(package, (first, *others)))
        problem = f"is declared by several packages: {', '.join(packages)}"
        raise UnusableKind(name, problem, "Uninstall all but one of them, or have one of them name its kind otherwise.")
    try:
        return first.load()
    except Exception as error:  # a package of somebody else may fail in any way while it is imported
        problem = f"cannot be imported from {first.value}, of the package {package(first)}: {_in_short(error)}"
        fix = f"Install what the package lacks, install another version of {package(first)}, or uninstall it."
        raise UnusableKind(name, problem, fix) from error


def package_of(group: str, name: str) -> str:
    """The package that declares a kind."""
    return next(package(declared) for declared in _declared(group) if declared.name == name)


def how_to_install(group: str, kind: str, extra: str) -> str:
    """What to do where a kind needs a package that is not installed; ``extra`` is what pip installs for it, if any."""
    if extra:
        return f"Install it with its extra: pip install '{extra}'."
    return f"Install what the package {package_of(group, kind)} needs: pip install --upgrade {package_of(group, kind)}."


def package(declared: EntryPoint) -> str:
    """The package that an entry point belongs to."""
    return declared.dist.name if declared.dist else "datasync"


@cache
def _declared(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group; looked up once, because that takes some milliseconds with Airflow installed."""
    shipped = (EntryPoint(name, value, group) for name, value in _SHIPPED[group].items())
    return (*shipped, *entry_points(group=group))


def _in_short(error: Exception) -> str:
    first_line = str(error).strip().split("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__
