"""A damaged store on S3 is repaired as one in a folder is."""

from __future__ import annotations

import uuid
from pathlib import Path

from datasync.repair import mend
from datasync.repair.context import RepairContext
from datasync.repair.rebuild import Repair
from datasync.repair.scan import scan
from datasync.store.bucket import Bucket
from datasync.store.files import Folder, Store, connect
from datasync.store.kinds import LOST
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.snapshots import snapshot_path
from tests.store.small import SCOPE, Line, product, settings


def _spoil(store: Store, path: str, folder: Path) -> None:
    made = folder / "made"
    made.write_bytes(b"PAR1, and no more")
    store.replace(path, made)


def _story(store: Store, folder: Path) -> list[object]:
    """Three runs; of the second, the entries and the snapshot are spoilt, repaired, and a fourth run goes on."""
    con = connect(store)
    line = Line(con, store, settings(folder, search=None))
    for number in range(3):
        line.sync(f"r{number}", [product(f"sku{n}", name=f"In run {number}") for n in range(number, 5)])
        line.clock.pass_by(hours=1)
    lost = [f"catalog/scope={SCOPE}/00000002.parquet", receipt_log(store, "search", SCOPE).path(2)]
    for path in (*lost, snapshot_path(SCOPE, "r1")):
        _spoil(store, path, folder)
    con.close()  # another process repairs, which has seen none of the files

    con = connect(store)
    work = RepairContext(con, store, line.settings, Repair("mended", "a test", line.clock(), line.clock), {})
    found = scan(con, store, deep=True)
    damages = [str(one) for one in found.damages]
    for mending in mend.plan(work, found):
        mending.act()
    left = [str(one) for one in scan(con, store, deep=True).damages]
    aside = sorted(store.listing(f"{LOST}/mended/catalog/scope={SCOPE}"))
    line.con = con
    line.sync("r3", [product(f"sku{n}", name="In the end") for n in range(4, 7)])
    state = catalog_log(store, SCOPE).head(con).meta
    told = [
        damages,
        left,
        aside,
        line.catalog(),
        line.receipts("search"),
        "unverified" in state,
        len(state["repaired"]),
    ]
    con.close()
    return told


def test_a_repair_does_the_same_on_s3_as_in_a_folder(s3: dict[str, object], tmp_path: Path) -> None:
    in_folder = _story(Folder(str(tmp_path / "store")), tmp_path)
    on_s3 = _story(Bucket(f"s3://shop/{uuid.uuid4().hex}", s3), tmp_path)
    assert on_s3 == in_folder
    damages, left, aside, products, received, is_in_doubt, repairs = in_folder
    assert (len(damages), left, aside) == (3, [], ["00000002.parquet"])
    assert [sku for sku, _ in products] == ["sku4", "sku5", "sku6"]
    assert [(sku, held) for sku, _, _, held in received if held] == products
    assert (is_in_doubt, repairs) == (False, 1)
