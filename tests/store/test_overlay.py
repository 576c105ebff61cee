"""The store of a dry run: it sees its own writes and removals, and the real store never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasync.store.files import Folder, connect, read_json, write_json
from datasync.store.overlay import dry_run


@pytest.fixture
def real(tmp_path: Path) -> Folder:
    store = Folder(str(tmp_path))
    write_json(store, "a/one.json", {"n": 1})
    write_json(store, "a/two.json", {"n": 2})
    return store


def files(real: Folder) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(real.root).rglob("*")) if path.is_file()}


def test_what_is_written_is_seen_inside_and_nowhere_else(real: Folder) -> None:
    before = files(real)
    with dry_run(real) as store:
        write_json(store, "a/two.json", {"n": 22})
        write_json(store, "b/c/three.json", {"n": 3})
        store.remove("a/one.json")
        assert [read_json(store, f"{path}.json") for path in ("a/one", "a/two", "b/c/three")] == [
            None,
            {"n": 22},
            {"n": 3},
        ]
        assert (sorted(store.listing("a")), store.folders(""), store.folders("b")) == (["two.json"], ["a", "b"], ["c"])
        with connect(store) as con:
            urls = [store.url("a/two.json"), store.url("b/c/three.json")]
            assert con.execute("SELECT n FROM read_json(?) ORDER BY n", [urls]).fetchall() == [(3,), (22,)]
        assert files(real) == before
    assert files(real) == before


def test_a_name_is_created_once_wherever_it_stands_and_again_after_it_was_removed(real: Folder) -> None:
    with dry_run(real) as store:
        assert not write_json(store, "a/one.json", {"n": 11}, new=True)
        assert write_json(store, "a/new.json", {"n": 4}, new=True)
        assert not write_json(store, "a/new.json", {"n": 5}, new=True)
        store.remove("a/one.json")
        assert write_json(store, "a/one.json", {"n": 12}, new=True)
        assert (read_json(store, "a/one.json"), read_json(store, "a/new.json")) == ({"n": 12}, {"n": 4})
