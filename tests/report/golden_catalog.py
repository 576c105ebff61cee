"""A small catalog that never changes, and its data files as the golden files in ``golden/`` have them.

Run ``python -m tests.report.golden_catalog`` to write the golden files anew, after a wanted change of the format.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from datasync.report.facts.page_data import ScopeProducts
from datasync.report.format import base, pack, shards
from datasync.report.format.shards import Limits

GOLDEN = Path(__file__).parent / "golden"
FIRST, SECOND = "20261124T060000Z-00000001", "20261124T070000Z-00000002"
SERVICES = ("shop", "search")
MORNING = 1_795_500_000_000  # 2026-11-24T06:00:00Z
HOUR, DAY = 3_600_000, 86_400_000
VARIANTS = {  # the limits that shards.write is called with
    "whole": {"whole": 25_000, "scanned": 8192},
    "index": {"whole": 0, "scanned": 0},
    "scan": {"whole": 0, "scanned": 8192},
}
PACKED = b"\x00\x01datasync" * 40
NAMES = {
    "A-01": "Merino Wool Sweater",
    "A-02": "Woollen Socks",
    "A-03": "Desk Lamp",
    "A-04": "Crème Brûlée Dish",
    "A-05": "Süßwasserfilter",
    "A-06": "ランニングシューズ",
    "A-07": "Linen Duvet",
    "A-08": "two\nlines \\ backslash",
    "A-09": None,  # its content is no longer in the store
    "B-01": "T-Shirt (XL)",
    "B-02": "مصباح مكتب",
    "B-03": "Espresso Grinder",
    "Q-1": "Quilt",  # another record of this SKU is in quarantine
}
STATES = {"A-02": "stale", "A-04": "rejected", "A-05": "missing", "B-01": "excluded", "B-02": "removed"}  # of search
WORDS = {"rejected": "Price is required", "excluded": "The product is disabled"}
_ROWS = pa.schema(
    {"service": pa.string(), "version": pa.int64(), "state": pa.string(), "words": pa.string()}
    | {"received_ms": pa.int64(), "answered_ms": pa.int64(), "flags": pa.int64()}
)

Files = dict[str, bytes]


def payload(sku: str, name: str) -> str:
    """What services received."""
    return json.dumps({"sku": sku, "name": name}, ensure_ascii=False, separators=(",", ":"))


def products(scope: str, names: dict[str, str | None], lately: Sequence[str] = ()) -> ScopeProducts:
    """The scope with these products; those received ``lately`` came in the last hour."""
    skus = sorted(names)
    versions = pa.table(
        {
            "sku": skus,
            "hash": [f"{len(names[sku] or ''):02d}-{sku}" for sku in skus],
            "name": pa.array([names[sku] for sku in skus], pa.string()),
            "type": pa.array([_type_of(sku) if names[sku] else None for sku in skus], pa.string()),
            "visible_in": pa.array([["catalog", "search"] if names[sku] else None for sku in skus]),
            "stock": pa.array(["in-stock" if names[sku] else None for sku in skus], pa.string()),
            "payload": pa.array([(name := names[sku]) and payload(sku, name) for sku in skus], pa.string()),
        }
    )
    rows = [_row(service, n, sku, sku in lately) for service in SERVICES for n, sku in enumerate(skus)]
    return ScopeProducts(scope, versions, pa.Table.from_pylist(rows, schema=_ROWS), _quarantined(), services=SERVICES)


def _type_of(sku: str) -> str:
    return "bundle" if sku.startswith("B") else "simple"


def _row(service: str, version: int, sku: str, is_new: bool) -> dict[str, Any]:
    """What a service says: the shop holds everything, search what STATES leaves it."""
    state = STATES.get(sku, "current") if service == "search" else "current"
    is_held = state in ("current", "stale")
    number = int(sku[2:]) + (10 if sku.startswith("B") else 0)
    received = MORNING + HOUR // 2 if is_new else MORNING - number * DAY // 2
    answered = None if is_held or state in ("missing", "excluded") else MORNING - number * HOUR
    return {
        "service": service, "version": version, "state": state, "words": WORDS.get(state),
        "received_ms": received if is_held else None, "answered_ms": answered, "flags": 16 * is_held + is_new,
    }  # fmt: skip


def _quarantined() -> pa.Table:
    return pa.table(
        {
            "sku": ["Q-1", None],
            "name": ["Broken", "Nameless"],
            "code": ["bad-value", "missing-sku"],
            "sentence": ["price is twelve.", "The record has no SKU."],
            "reason": ["bad-value: price is ….", "missing-sku: The record has no SKU."],
            "is_of_last_pull": [True, False],
        }
    )


def later() -> dict[str, str | None]:
    """The names at the second publish: a lamp is renamed, and the duvet is gone."""
    return {sku: name for sku, name in {**NAMES, "A-03": "Desk Lamp LED"}.items() if sku != "A-07"}


def written(variant: str) -> Files:
    """The data files of both publishes of a variant, by key, before they are packed; and ``base.json``."""
    files: Files = {}
    with tempfile.TemporaryDirectory() as folder:
        _write(files, FIRST, products(variant, NAMES), variant, None, Path(folder))
        files["base.json"] = (Path(folder) / "base.json").read_bytes()
        stands = base.read(Path(folder))
        _write(files, SECOND, products(variant, later(), ["A-03"]), variant, stands, Path(folder))
    return dict(sorted(files.items()))


def _write(
    files: Files, version: str, scope: ScopeProducts, variant: str, stands: base.Base | None, folder: Path
) -> None:
    def put(kind: str, number: int, data: bytes) -> None:
        files[f"{version}/{variant}/{kind}{number}"] = data

    shards.write(scope, put, version, Limits(**VARIANTS[variant]), base=stands, save=folder)


def golden(variant: str) -> Files:
    """The golden files of a variant: texts stand as texts there, all else as hexadecimal numbers."""
    lines = json.loads((GOLDEN / f"{variant}.json").read_text(encoding="utf-8"))
    return {key: text.encode() if _is_text(key) else bytes.fromhex(text) for key, text in lines.items()}


def _is_text(key: str) -> bool:
    return key == "base.json" or key.rpartition("/")[2] in ("head0", "payload0", "newpayload0")


def main() -> None:
    """Write the golden files."""
    for variant in VARIANTS:
        files = written(variant)
        texts = {key: data.decode() if _is_text(key) else data.hex(" ", -4) for key, data in files.items()}
        text = json.dumps(texts, ensure_ascii=False, indent=1) + "\n"
        (GOLDEN / f"{variant}.json").write_text(text, encoding="utf-8", newline="\n")
    (GOLDEN / "packed.js").write_bytes(pack.script(f"{FIRST}/en/row7", PACKED))
    (GOLDEN / "packed.json").write_text(pack.inline(f"{FIRST}/en/row7", PACKED), encoding="utf-8")


if __name__ == "__main__":
    main()
