from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from datasync import receipts
from datasync.settings import Keep
from datasync.store.bucket import Bucket
from datasync.store.files import Folder, Store, connect
from datasync.store.tidy import Tidied, tidy
from datasync.totals import gaps, moment, totals
from tests.store.small import SCOPE, Hours, Line, product, settings

KEEP = Keep(history=timedelta(days=30))


def _story(store: Store, folder: Path, begin: datetime) -> list[object]:
    """Two runs, a tidy after some weeks and another a day later, a third run: what can be read on the way."""
    con = connect(store)
    search = {"accepts": [{"rule": "status = 'enabled'", "otherwise": "off"}]}
    line = Line(con, store, settings(folder, search=search), Hours(begin))
    line.sync(
        "r1", [product("00123", "größe"), product("b"), product("c", status="disabled"), product("bad", price="much")]
    )
    line.clock.pass_by(hours=1)
    line.sync("r2", [product("00123", "changed"), product("b"), product("bad", price="much")])
    for log in (line.logs()[0].catalog, *line.logs()[0].receipts):
        log.checkpoint(con)
    found: list[object] = []
    for days in (40, 2):
        line.clock.now += timedelta(days=days)
        found.append(tidy(con, store, KEEP, line.logs(), line.clock()))
    line.sync("r3", [product("00123", "changed"), product("b", "new")], skus=("b", "c"))
    line.clock.pass_by(minutes=1)

    figures = totals(con, store, line.settings, moment(con, store, line.settings, line.clock()))
    assert gaps(figures) == ()
    receipts.held_products(con, store, SCOPE, "search")
    feed = con.execute("SELECT sku, name, received_as FROM feed ORDER BY sku").fetchall()
    assert feed == [("00123", "changed", "updated"), ("b", "new", "updated")]
    found += [figures, line.catalog(), line.receipts("search")]
    con.close()
    return found


def test_the_whole_line_says_the_same_on_s3_as_in_a_folder(s3: dict[str, object], tmp_path: Path) -> None:
    now = datetime.now(UTC)
    in_folder = _story(Folder(str(tmp_path / "store")), tmp_path, now)
    on_s3 = _story(Bucket(f"s3://shop/{uuid.uuid4().hex}", s3), tmp_path, now)

    assert on_s3 == in_folder
    assert isinstance(in_folder[0], Tidied)
    # Nothing is old yet by the places' own clocks, which no test can move on S3: what tidy deletes, test_tidy.py shows.
