"""A store with every kind of file in it, and what can happen to a file that nobody meant to happen."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from datasync.delivery import compare
from datasync.sources.rest.page_store import Spool
from datasync.store.files import Folder
from datasync.store.logs import catalog_log, receipt_log
from tests.repair.remembering import NAME, Memory
from tests.shop import BEGAN, SERVICES, Shop
from tests.views import view

SETTINGS = (
    """
keep: {history: 30d}
sources:
  exports: {kind: files}
scopes:
  en-US: {source: exports, path: en/*.csv, attributes: [color]}
  de-DE: {source: exports, path: "de/*.csv", snapshot: partial, attributes: [color]}
"""
    + SERVICES
    + f"  {NAME}: {{label: Far away, export: 'exports/{{scope}}.jsonl'}}\n"
)
Product = tuple[str, ...]


@dataclass
class Place:
    """A shop whose source can be asked what its catalog has to be."""

    shop: Shop
    sold: dict[str, str]
    changed: dict[str, str]
    memory: Memory
    built_at: datetime = BEGAN
    built_source: tuple[dict[str, str], dict[str, str]] = ({}, {})

    @property
    def root(self) -> Path:
        return self.shop.folder / "var/store"

    def sells(self, *, without: int = 0) -> None:
        """Export what is sold, some of it left out, with records that nobody can use."""
        rows = [_product(sku, name) for sku, name in sorted(self.sold.items())][without:]
        self.shop.sells(*rows, ("no-name", "", "enabled", "c", ""), ("odd", "Odd", "maybe", "c", ""))

    def changes(self, number: int, **products: str) -> None:
        """Add a file of changes to the other scope."""
        self.changed |= {sku.replace("_", "-"): name for sku, name in products.items()}
        rows = "".join(",".join(_product(sku.replace("_", "-"), name)) + "\n" for sku, name in products.items())
        folder = self.shop.folder / "de"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:02}.csv").write_text(f"sku,name,status,categories,color\n{rows},Nameless,enabled,c,\n")

    def checkpoint(self) -> None:
        with self.shop.connected() as (con, pipeline):
            for scope in pipeline.settings.scopes:
                catalog_log(pipeline.store, scope).checkpoint(con)
                for service in pipeline.settings.services:
                    receipt_log(pipeline.store, service, scope).checkpoint(con)

    def catalog(self, scope: str) -> dict[str, str]:
        """The names in a scope's catalog, by SKU."""
        with self.shop.connected() as (con, pipeline):
            view(con, "found", catalog_log(pipeline.store, scope).fold())
            return dict(con.execute("SELECT sku, name FROM found WHERE hash IS NOT NULL").fetchall())

    def receipts(self, service: str) -> dict[str, str]:
        """The version that a service holds of each SKU, by its receipts in all scopes."""
        with self.shop.connected() as (con, pipeline):
            held: dict[str, str] = {}
            for scope in pipeline.settings.scopes:
                view(con, "found", receipt_log(pipeline.store, service, scope).fold())
                held |= con.execute("SELECT sku, held_hash FROM found WHERE held_hash IS NOT NULL").fetchall()
        return held

    def feeds(self) -> dict[tuple[str, str], dict[str, str]]:
        """The names that each service holds of each scope, by SKU."""
        found = {}
        with self.shop.connected() as (con, pipeline):
            for scope in pipeline.settings.scopes:
                for service in pipeline.settings.services:
                    view(con, "feed", compare.held_products(pipeline.store, scope, service))
                    found[scope, service] = dict(con.execute("SELECT sku, name FROM feed").fetchall())
        return found

    def restore(self) -> None:
        """The shop as it was built: its store, its source and its time."""
        for folder in ("var", "en", "de", NAME):
            shutil.rmtree(self.shop.folder / folder, ignore_errors=True)
            shutil.copytree(self.built / folder, self.shop.folder / folder)
        self.shop.now = self.built_at
        self.sold, self.changed = map(dict, self.built_source)

    @property
    def built(self) -> Path:
        return self.shop.folder.with_name("built")


def build(folder: Path, memory: Memory) -> Place:
    """Two scopes, one read whole and one by files of changes, with a history that tidy has shortened, and a hold. A
    service elsewhere did not answer for some of what it got.
    """
    place = Place(Shop(folder, SETTINGS), {f"A-{n:02}": f"Product {n}" for n in range(40)}, {}, memory)
    for number in range(1, 7):
        place.sold |= {f"A-{number:02}": f"Changed {number}", f"N-{number}": "New", f"A-{number + 10}": "Once more"}
        place.sold.pop(f"A-{number + 20}", None)
        place.sells()
        changed = {f"B_{n}": f"File {number}" for n in range(number, number + 6)}
        place.changes(number, **changed)
        memory.is_silent_about(*(("A-11", f"N-{number}", f"B-{number}") if number % 3 == 0 else ()))
        assert place.shop.run("sync").code == 0
        if number == 2:
            place.checkpoint()
            place.shop.now += timedelta(days=60)
        if number == 3:
            place.shop.now += timedelta(days=2)
        if number == 5:
            place.checkpoint()
        place.shop.now += timedelta(minutes=20)
    memory.is_silent_about()
    place.sells(without=30)
    assert place.shop.run("sync").code == 5
    accepted = ("resync", "--scope", "en-US", "--accept-shrink", place.shop.held_run(), "--reason", "so it is", "--yes")
    assert place.shop.run(*accepted).code == 0
    place.sells()
    assert place.shop.run("sync").code == 0
    forced = ("resync", "--scope", "en-US", "--sku=A-05", "--force", "--reason", "again", "--yes")
    assert place.shop.run(*forced).code == 0
    place.sells(without=30)
    assert place.shop.run("sync").code == 5
    place.sells()
    spool = Spool(Folder(str(place.root)), "en-US", "sync-half")
    for number in (1, 2, 3):
        spool.add(number, [f'{{"sku": "S-{number}"}}\n'.encode()], {"page": number})
    shutil.copytree(folder, place.built)
    place.built_at, place.built_source = place.shop.now, (dict(place.sold), dict(place.changed))
    return place


def _product(sku: str, name: str) -> Product:
    return (sku, name, "enabled", "fruit", "red")


# ── damage ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Harm = Callable[[random.Random, Path, list[Path]], None]


def _cut(dice: random.Random, path: Path, others: list[Path]) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: dice.choice([0, dice.randrange(max(len(content), 1))])])


def _zeroed(dice: random.Random, path: Path, others: list[Path]) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _forty_zeros(dice: random.Random, path: Path, others: list[Path]) -> None:
    """In the rows of a Parquet file, else anywhere."""
    content = path.read_bytes()
    rows = len(content) - 8 - int.from_bytes(content[-8:-4], "little") - 80 if path.suffix == ".parquet" else 0
    most = max(rows, 0) or len(content)
    at = dice.randrange(4 if rows > 4 else 0, max(most - 40, 5))
    size = max(min(40, most - at), 0)
    path.write_bytes(content[:at] + bytes(size) + content[at + size :])


def _doubled(dice: random.Random, path: Path, others: list[Path]) -> None:
    """Another file of the same kind, or any, in its place."""
    alike = [one for one in others if one.parent == path.parent and one != path]
    shutil.copyfile(dice.choice(alike if alike and dice.random() < 0.7 else others), path)


def _copied(dice: random.Random, path: Path, others: list[Path]) -> None:
    """The same file once more, under a number or name that is free."""
    number = "".join(c for c in path.stem if c.isdigit())
    free = path.name.replace(number[-8:], f"{int(number[-8:]) + dice.choice([1, 2, 7]):08}") if number else path.name
    target = path.with_name(free if free != path.name and dice.random() < 0.7 else f"{path.stem} (1){path.suffix}")
    shutil.copyfile(path, target) if not target.exists() else None


def _deleted(dice: random.Random, path: Path, others: list[Path]) -> None:
    path.unlink()


def _foreign(dice: random.Random, path: Path, others: list[Path]) -> None:
    name = dice.choice([".DS_Store", "notes.txt", f"{path.stem}.bak", "data.parquet", "scope=en-US"])
    path.with_name(name).write_bytes(dice.choice([b"", b"PAR1", b"{}", bytes(200), b"text"]))


HARMS: dict[str, Harm] = {
    "cut": _cut, "zeroed": _zeroed, "forty zeros": _forty_zeros, "doubled": _doubled, "copied": _copied,
    "deleted": _deleted, "foreign": _foreign,
}  # fmt: skip


def damage(root: Path, seed: int) -> list[str]:
    """Damage one to three files; says what was done to which."""
    dice, done = random.Random(seed), []
    for _ in range(dice.choice([1, 1, 2, 3])):
        files = sorted(path for path in root.rglob("*") if path.is_file() and ".scratch" not in path.parts)
        path, harm = dice.choice(files), dice.choice(sorted(HARMS))
        HARMS[harm](dice, path, files)
        done.append(f"{harm}: {path.relative_to(root)}")
    return done
