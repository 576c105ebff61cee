from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datasync.errors import InvalidSettings, LogDamaged, StoreUnavailable
from datasync.store.bucket import Bucket
from datasync.store.files import Folder, Store, connect, open_store, read_json, write_json
from datasync.store.log import footer

RACERS = 8


def _made(folder: Path, content: str) -> Path:
    """A file in the making; a store may move it away."""
    folder.mkdir(exist_ok=True)
    made = folder / "made"
    made.write_text(content)
    return made


def test_of_eight_racing_threads_one_creates_a_file(reopen: Callable[[], Store], tmp_path: Path) -> None:
    stores, start = [reopen() for _ in range(RACERS)], threading.Barrier(RACERS)

    def race(racer: int, path: str) -> bool:
        made = _made(tmp_path / str(racer), f"{racer} " * 1000)
        start.wait()
        return stores[racer].create(path, made)

    with ThreadPoolExecutor(RACERS) as pool:
        for path in (f"log/scope=en/{number:08d}.parquet" for number in range(1, 4)):
            won = list(pool.map(race, range(RACERS), [path] * RACERS))
            assert won.count(True) == 1
            assert stores[0].read(path).decode() == f"{won.index(True)} " * 1000


RACER = """
import sys
from pathlib import Path
from datasync.store.files import Folder

store, made, racer = Folder(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    made.write_text(racer * 5000)
    if store.create(f"log/{number:08d}.parquet", made):
        print(number, flush=True)
"""


def test_of_eight_racing_processes_one_creates_a_file(folder: Folder, tmp_path: Path) -> None:
    def begin(racer: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RACER, folder.root, str(tmp_path / f"made-{racer}"), str(racer)]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )

    racers = [begin(racer) for racer in range(RACERS)]
    assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * RACERS
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = {racer: [int(line) for line in process.communicate()[0].split()] for racer, process in enumerate(racers)}

    assert sorted(number for numbers in won.values() for number in numbers) == list(range(40))
    for racer, numbers in won.items():
        assert all(folder.read(f"log/{n:08d}.parquet") == str(racer).encode() * 5000 for n in numbers)
    assert folder.listing(".scratch") == {}


def test_no_reader_ever_sees_half_a_file(reopen: Callable[[], Store], tmp_path: Path) -> None:
    size, seen, writer = 300_000, set(), reopen()

    def write() -> None:
        for number in range(12):
            writer.create(f"new/{number}", _made(tmp_path / "making", str(number % 10) * size))
            writer.replace("same", _made(tmp_path / "making", str(number % 10) * size))

    reader, thread = reopen(), threading.Thread(target=write)
    thread.start()
    while thread.is_alive():
        for path in ("same", *(f"new/{name}" for name in reader.listing("new"))):
            try:
                seen.add(reader.read(path))
            except FileNotFoundError:
                assert path == "same"
    thread.join()

    assert {len(content) for content in seen} == {size}
    assert all(len(set(content)) == 1 for content in seen)


def test_a_file_that_is_there_is_not_created_again(store: Store, tmp_path: Path) -> None:
    assert store.create("a/b/file", _made(tmp_path, "first"))
    assert not store.create("a/b/file", _made(tmp_path, "second"))
    assert store.read("a/b/file") == b"first"

    store.replace("a/b/file", _made(tmp_path, "third"))
    assert store.read("a/b/file") == b"third"


def test_a_listing_has_the_files_of_one_folder_and_when_they_were_written(store: Store, tmp_path: Path) -> None:
    for path in ("top", "a/one", "a/two", "a/b/three", "c/four"):
        store.create(path, _made(tmp_path, path))

    assert store.listing("a").keys() == {"one", "two"}
    assert all(
        datetime.now(UTC) - timedelta(minutes=1) < at < datetime.now(UTC) + timedelta(seconds=2)
        for at in store.listing("a").values()
    )
    assert {at.tzinfo for at in store.listing("a").values()} == {UTC}
    assert (store.folders("a"), store.folders("")) == (["b"], ["a", "c"])
    assert (store.listing("nothing"), store.folders("nothing")) == ({}, [])


def test_a_store_tells_the_time_that_its_files_are_written_at(store: Store, tmp_path: Path) -> None:
    """S3 keeps whole seconds."""
    before = store.now()
    (tmp_path / "made").write_text("x")
    assert store.create("folder/file", tmp_path / "made")
    assert before - timedelta(seconds=1) <= store.listing("folder")["file"] <= store.now() + timedelta(seconds=1)
    assert abs(datetime.now(UTC) - store.now()) < timedelta(minutes=1)
    assert store.listing(".scratch") == {}


def test_what_is_gone_can_be_removed_and_not_read(store: Store, tmp_path: Path) -> None:
    store.create("a/file", _made(tmp_path, "text"))
    store.remove("a/file")
    store.remove("a/file")

    assert (store.listing("a"), store.folders("")) == ({}, [])
    with pytest.raises(FileNotFoundError):
        store.read("a/file")
    assert store.create("a/file", _made(tmp_path, "again"))


def test_a_folder_may_be_removed_while_a_file_is_created_in_it(folder: Folder, tmp_path: Path) -> None:
    """Two threads fight over one folder that is empty again and again."""
    over = threading.Event()

    def removes() -> None:
        while not over.is_set():
            folder.remove("steps/other")

    thread = threading.Thread(target=removes)
    thread.start()
    try:
        for number in range(60):
            assert folder.create(f"steps/{number}", _made(tmp_path / "making", "text"))
            folder.remove(f"steps/{number}")
    finally:
        over.set()
        thread.join()


def test_a_file_comes_from_another_file_system_whole(folder: Folder, tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or os.stat(elsewhere).st_dev == os.stat(tmp_path).st_dev:
        elsewhere = tmp_path
    made = elsewhere / f"datasync-test-{os.getpid()}"
    made.write_text("text" * 100_000)
    try:
        assert folder.create("a/file", made)
    finally:
        made.unlink(missing_ok=True)
    assert folder.read("a/file") == b"text" * 100_000
    assert folder.listing(".scratch") == {}


def test_duckdb_reads_what_the_store_has(store: Store, tmp_path: Path) -> None:
    con = connect(store)
    for value in (1, 2):
        made, note = tmp_path / "made.parquet", f"KV_METADATA {{datasync: '{{\"is\": {value}}}'}}"
        con.execute(f"COPY (SELECT {value} AS value) TO '{made}' ({note})")
        store.replace("a/scope=x/file.parquet", made)
        url = store.url("a/scope=x/file.parquet")
        assert con.execute("SELECT value FROM read_parquet(?, hive_partitioning = false)", [url]).fetchall() == [
            (value,)
        ]
        assert footer(con, store, "a/scope=x/file.parquet") == {"is": value}
    assert footer(con, store, "a/scope=x/none.parquet") is None
    con.close()


def test_a_file_that_datasync_did_not_write_is_called_damaged(store: Store, tmp_path: Path) -> None:
    con = connect(store)
    con.execute(f"COPY (SELECT 1 AS value) TO '{tmp_path}/made.parquet'")
    store.create("foreign.parquet", tmp_path / "made.parquet")
    store.create("broken.parquet", _made(tmp_path, "no parquet at all"))
    for path in ("foreign.parquet", "broken.parquet"):
        with pytest.raises(LogDamaged, match=path):
            footer(con, store, path)
    con.close()


def test_json_is_written_new_or_in_place(store: Store) -> None:
    assert write_json(store, "runs/one.json", {"reason": "Größe </script>\u2028"}, new=True)
    assert not write_json(store, "runs/one.json", {"reason": "other"}, new=True)
    assert read_json(store, "runs/one.json") == {"reason": "Größe </script>\u2028"}
    assert write_json(store, "runs/one.json", {"reason": "other"})
    assert read_json(store, "runs/one.json") == {"reason": "other"}
    assert read_json(store, "runs/two.json") is None


def test_the_settings_name_a_folder_or_a_bucket(s3: dict[str, object], tmp_path: Path) -> None:
    assert isinstance(open_store(str(tmp_path), {}), Folder)
    assert isinstance(open_store("s3://shop/some/where", s3), Bucket)
    with pytest.raises(InvalidSettings, match="gs://shop"):
        open_store("gs://shop/some/where", {})


def test_a_bucket_that_is_not_there_is_a_mistake_in_the_settings(s3: dict[str, object], tmp_path: Path) -> None:
    store = open_store("s3://no-such-bucket/data", s3)
    for write in (store.create, store.replace):
        with pytest.raises(InvalidSettings, match="no-such-bucket"):
            write("file", _made(tmp_path, "text"))


def test_a_bucket_that_does_not_answer_may_be_tried_again(s3: dict[str, object], tmp_path: Path) -> None:
    nowhere = {
        "client_kwargs": {"endpoint_url": "http://127.0.0.1:9"},
        "config_kwargs": {"retries": {"max_attempts": 0}},
    }
    store = open_store("s3://shop/data", nowhere)
    for touch in (store.listing, store.folders, store.read, store.remove):
        with pytest.raises(StoreUnavailable, match=r"s3://shop/data/some"):
            touch("some")
    with pytest.raises(StoreUnavailable):
        store.create("some", _made(tmp_path, "text"))
