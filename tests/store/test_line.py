from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from datasync.delivery import compare
from datasync.figures.store_at import StoreAt, read_point
from datasync.figures.totals import gaps, totals
from datasync.settings import Keep
from datasync.store.bucket import Bucket
from datasync.store.files import Store, connect
from datasync.store.tidy import Tidied, tidy
from tests.store.small import SCOPE, Dated, Hours, Line, product, settings
from tests.views import view

KEEP = Keep(history=timedelta(days=30))


def _story(store: Store, folder: Path, clock: Hours, set_clock: Callable[[datetime], None]) -> list[object]:
    """Two runs, some weeks later a run and a tidy, and again two days later, a last run: what can be read on the way.

    ``set_clock`` sets the store's own clock, which gives its files their times.
    """
    con = connect(store)
    search = {"accepts": [{"rule": "status = 'enabled'", "otherwise": "off"}]}
    line = Line(con, store, settings(folder, search=search), clock)
    set_clock(clock.now)
    line.sync(
        "r1", [product("00123", "größe"), product("b"), product("c", status="disabled"), product("bad", price="much")]
    )
    clock.pass_by(hours=1)
    set_clock(clock.now)
    changed = [product("00123", "changed"), product("b"), product("bad", price="much")]
    line.sync("r2", changed)
    for log in (line.logs()[0].catalog, *line.logs()[0].receipts):
        log.checkpoint(con)
    found: list[object] = []
    for days in (40, 2):
        clock.pass_by(days=days)
        set_clock(clock.now)
        line.sync(f"{days} days later", changed)  # a pull begins, so the logs have a file of today
        found.append(tidy(con, store, KEEP, line.logs(), clock()))
    line.sync("last", [product("00123", "changed"), product("b", "new")], skus=("b", "c"))
    clock.pass_by(minutes=1)

    figures = totals(StoreAt(con, store, line.settings, read_point(con, store, line.settings, clock())))
    assert gaps(figures) == ()
    view(con, "feed", compare.held_products(store, SCOPE, "search"))
    feed = con.execute("SELECT sku, name, received_as FROM feed ORDER BY sku").fetchall()
    assert feed == [("00123", "changed", "updated"), ("b", "new", "updated")]
    found += [figures, line.catalog(), line.receipts("search")]
    con.close()
    return found


def test_the_whole_line_says_the_same_on_s3_as_in_a_folder(
    s3: dict[str, object], set_s3_clock: Callable[[datetime], None], tmp_path: Path
) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=60)
    clock = Hours(begin)
    in_folder = _story(Dated(str(tmp_path / "store"), clock), tmp_path, clock, lambda now: None)
    on_s3 = _story(Bucket(f"s3://shop/{uuid.uuid4().hex}", s3), tmp_path, Hours(begin), set_s3_clock)

    assert on_s3 == in_folder
    first, second = in_folder[:2]
    assert isinstance(first, Tidied)
    assert isinstance(second, Tidied)
    assert first.entries == 0  # the history begins later, and a day after that its old entries go
    assert second.entries > 0
