"""Page data to a published page: one HTML file that holds its styles and scripts, and the data it loads when asked; or
one file to mail that holds the data too.

What comes in is complete (``SitePages``, and the products scope by scope): nothing is computed, no clock is read here.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from datasync.report.facts import page_data
from datasync.report.facts.cards import CARDS, Card
from datasync.report.facts.page_data import ExtraFiles, PublishedBase, ScopeProducts, SitePages
from datasync.report.format import base, pack, shards
from datasync.report.format.shards import LIMITS, Limits
from datasync.report.publish import bundle_js
from datasync.report.publish.site import Site, new_version
from datasync.store.scratch import scratch

MAILED = 50_000  # products of all scopes together: measured, 16 MB that Chromium opens in 0.8 s on two cores
_STYLES = ("tokens", "page", "tables", "detail")


@dataclass(frozen=True, slots=True)
class Published:
    """A published page: where, which version, how many files of data, and which old versions were dropped."""

    index: str
    version: str
    files: int
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexPage:
    """What the template reads; ``data`` is for the scripts.

    ``columns``, ``scopes`` and ``words`` are for readers without scripts: headings by figure, and scopes as status.json
    has them.

    ``style``, ``script``, ``data`` and ``blocks`` go in as they are: the first two are ours, and the others are from
    ``json_text``. ``blocks`` are data files by key, in a page that is a single file.
    """

    version: str
    policy: str
    style: str
    script: str
    data: str
    as_of: str
    columns: Mapping[str, str]
    scopes: Sequence[Mapping[str, Any]]
    words: Mapping[str, str]
    blocks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SiteContent:
    """What is published: a page, its products, and the further data files of it.

    ``products`` is taken scope by scope, so that one scope at a time is in memory.
    """

    page: SitePages
    products: Iterable[ScopeProducts]
    more: ExtraFiles = lambda stands: ()


def publish(
    content: SiteContent,
    site: str | os.PathLike[str],
    *,
    keep: int = 3,
    now: datetime | None = None,
    options: Mapping[str, Any] | None = None,
    limits: Limits = LIMITS,
) -> Published:
    """Write the data of a new version, then the figures, then the page, and drop what is outdated.

    ``now`` is the time at which older versions have their age. By default it is the time of this version by its maker's
    clock or by the place's, whichever is earlier, because a clock that is ahead must not make them older.
    ``options`` go to fsspec. If it fails before the page is in place, it removes the new version's data, and the old
    page stays.
    """
    place, page = Site(site, options or {}), content.page
    last = place.newest()
    version = new_version(page.generated_at, last)
    try:
        files = _write(content, place, last, version, limits)
    except BaseException:
        place.drop(version)
        raise
    now = now or min(page.generated_at, place.published_at(version))
    return Published(place.address("index.html"), version, files, tuple(place.tidy(version, now, keep)))


def single_file(content: SiteContent, file: Path) -> Published:
    """Write the whole report as one HTML file, replaced in one step. Raises TooManyForOneFile above MAILED products."""
    version, remaining = new_version(content.page.generated_at), MAILED
    blocks: dict[str, str] = {}
    for products in content.products:
        put = _inside(blocks, version, products.scope)
        remaining -= shards.write(products, put, version, Limits(versions=remaining)).versions
    for name, kind, number, text in content.more({}):
        _inside(blocks, version, name)(kind, number, text.encode())
    file.parent.mkdir(parents=True, exist_ok=True)
    with scratch() as folder:
        Site(file.parent, {}).replace(_text_file(folder, file.name, index(content.page, version, blocks)), file.name)
    return Published(str(file), version, 1, ())


def _inside(blocks: dict[str, str], version: str, scope: str) -> shards.Put:
    def put(kind: str, number: int, data: bytes) -> None:
        key = f"{version}/{scope}/{kind}{number}"
        blocks[key] = pack.inline(key, data)

    return put


def _write(content: SiteContent, place: Site, last: str | None, version: str, limits: Limits) -> int:
    files, bases, page = 0, {}, content.page
    before = place.bases(last) if last else {}
    with place.writing(version) as data, scratch() as fetched:
        for scope_products in content.products:
            scope = _Folder(data, version, scope_products.scope)
            stands = _base(place, before.get(scope_products.scope), scope_products.scope, fetched)
            written = shards.write(scope_products, scope.put, version, limits, base=stands, save=scope.root)
            bases[scope_products.scope] = written.base
            files += scope.files
        for name, kind, number, text in content.more(_standing(place, page, version, bases)):
            _Folder(data, version, name).put(kind, number, text.encode())
            files += 1
    with scratch() as folder:
        place.replace(_text_file(folder, "status.json", shards.json_text(page_data.status(page))), "status.json")
        place.mark(version, page.generated_at, page.positions, bases)
        place.replace(_text_file(folder, "index.html", index(page, version)), "index.html")
    return files


def _standing(place: Site, page: SitePages, version: str, bases: Mapping[str, str]) -> dict[str, PublishedBase]:
    """The scopes whose bases are of other versions than this one, and go no further in any log than the page does."""
    positions = {base: place.positions(base) for base in set(bases.values()) - {version}}
    return {
        scope: PublishedBase(base, before)
        for scope, base in bases.items()
        if (before := positions.get(base)) and all(at <= page.positions.get(log, 0) for log, at in before.items())
    }


def _base(place: Site, version: str | None, scope: str, fetched: Path) -> base.Base | None:
    """The base of a scope that stands in the folder of ``version``, if there is one."""
    if version is None:
        return None
    folder = fetched / scope
    folder.mkdir()
    return base.read(place.fetch(version, scope, folder))


class _Folder:
    """The data files of one scope in a folder, a thousand of a kind in each folder inside."""

    def __init__(self, data: Path, version: str, scope: str) -> None:
        self.root, self.version, self.scope = data / scope, version, scope
        self.root.mkdir(parents=True, exist_ok=True)
        self.folders: set[Path] = set()
        self.files = 0

    def put(self, kind: str, number: int, data: bytes) -> None:
        folder = self.root / f"{kind}{number // 1000}"
        if folder not in self.folders:
            folder.mkdir(parents=True, exist_ok=True)
            self.folders.add(folder)
        (folder / f"{number % 1000}.js").write_bytes(pack.script(f"{self.version}/{self.scope}/{kind}{number}", data))
        self.files += 1


def _text_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def index(page: SitePages, version: str, blocks: Mapping[str, str] = MappingProxyType({})) -> str:
    """The page's HTML, with data files in it where ``blocks`` has some.

    Its Content-Security-Policy allows this very script and style, and what that script loads.
    """
    style, code = _style(), _script()
    content = IndexPage(
        version=version,
        policy=_policy(code, style),
        style=style,
        script=code,
        data=shards.json_text(view(page, version)),
        as_of=f"{page_data.zulu(page.as_of)[:16].replace('T', ' ')} UTC",
        columns={card.number: _heading(card) for card in CARDS if card.number},
        scopes=page_data.status(page)["scopes"],
        words={key.removeprefix("noscript."): text for key, text in _words().items() if key.startswith("noscript.")},
        blocks=blocks,
    )
    context = {field.name: getattr(content, field.name) for field in dataclasses.fields(content)}
    return _environment().get_template("index.html").render(context)


def view(page: SitePages, version: str) -> dict[str, Any]:
    """What the page's scripts read: the figures of status.json, and the lists beside them."""
    status = page_data.status(page)
    return {
        "version": version,
        **{key: status[key] for key in ("generated_at", "as_of", "window_hours")},
        **{name: status.get(name, []) for name in ("ahead", "repairs", "unverified")},
        "stale_after": page_data.zulu(page.stale_after) if page.stale_after else None,
        "totals": status["scopes"],
        "sources": status["sources"],
        "last_quarantined": dict(page.last_quarantined),
        "link": page.link,
        "text_fields": page.text_fields,
        "cards": [card.plain() for card in CARDS],
        **{name: [_plain(row) for row in getattr(page, name)] for name in _LISTS},
    }


_LISTS = (
    "scopes", "services", "runs", "holds", "quarantined", "unconfigured", "trends", "freshness", "health", "reasons",
)  # fmt: skip


def _plain(row: Any) -> dict[str, Any]:
    values = dataclasses.asdict(row)
    return {name: page_data.zulu(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _policy(code: str, style: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(code)}' 'strict-dynamic'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types datasync",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@functools.cache
def _style() -> str:
    return _inline("".join((_templates() / "css" / f"{name}.css").read_text(encoding="utf-8") for name in _STYLES))


@functools.cache
def _script() -> str:
    modules = {file.stem: file.read_text(encoding="utf-8") for file in sorted((_templates() / "js").glob("*.js"))}
    return _inline(bundle_js.join(modules, "start"))


def _heading(card: Card) -> str:
    """What heads a card's column where scripts are switched off."""
    words = _words()
    return words.get(f"noscript.{card.name}") or words[card.name]


@functools.cache
def _words() -> Mapping[str, str]:
    """The page's words that are one text each, by key, from the one catalog of them."""
    text = (_templates() / "js" / "words.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  "([^"]+)": "(.*)",$', text, re.MULTILINE))


def _inline(text: str) -> str:
    """Text that may stand inside a style or script element; only the templates can break that, not a catalog."""
    if "</" in text or "<!--" in text:
        raise ValueError("A template holds '</' or '<!--', which would end the element that it is put into.")
    return text


@functools.cache
def _environment() -> Environment:
    # Jinja's select_autoescape would go by the ending of a name; here everything is escaped except Markup.
    return Environment(
        loader=FileSystemLoader(_templates()), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )


def _templates() -> Path:
    """The templates: inside the package where it was installed, at the top of the checkout where it is worked on."""
    inside = Path(__file__).parents[1] / "templates"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "reports" / "templates"
