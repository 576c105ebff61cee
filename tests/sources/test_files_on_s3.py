"""The same files on S3, as moto serves it on loopback."""

from __future__ import annotations

import gzip
import itertools
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import s3fs

from datasync.errors import NoFiles, SourceUnavailable, UnreadableFile
from datasync.store.files import Folder
from tests.pulling import Desk, balance

Put = Callable[[str, bytes], None]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a connection of its own, which an S3 is registered with."""
    opened = Desk(tmp_path)
    opened.connect_alone()
    return opened


@pytest.fixture
def place() -> str:
    return f"exports/{uuid.uuid4().hex}"


@pytest.fixture
def put(s3_options: dict[str, Any], place: str) -> Put:
    fs = s3fs.S3FileSystem(**s3_options, skip_instance_cache=True)
    return lambda name, content: fs.pipe_file(f"{place}/{name}", content)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_a_damaged_csv_file_on_s3_gives_every_whole_record_and_the_lines_of_the_others(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put, name: str
) -> None:
    content = b'sku,name\r\nA,a\nB,"b\nfew\nC,"c\nc"\nD,\xff\n'
    put(name, gzip.compress(content) if name.endswith(".gz") else content)
    put(
        f"other-{name}",
        gzip.compress(b"sku,name\nE,e\nmany,,x\n") if name.endswith(".gz") else b"sku,name\nE,e\nmany,,x\n",
    )
    found = desk.pull(f"s3://{place}/*", options=s3_options)
    assert (desk.products(found, "sku"), found.records) == (["A", "C", "E"], 7)
    assert sorted(desk.quarantine(found, "place", "line")) == [(f"other-{name}", 3), (name, 3), (name, 4), (name, 7)]


def test_a_long_json_line_on_s3_costs_nothing_but_itself(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put
) -> None:
    long = b'{"sku":"L","name":"' + b"x" * (17 << 20) + b'"}'
    put("x.jsonl", b'{"sku":"A","name":"a"}\n' + long + b'\n{"sku":"B","name":"b"}\n{bad\n')
    found = desk.pull(f"s3://{place}/x.jsonl", options=s3_options)
    assert (desk.products(found, "sku"), sorted(desk.quarantine(found, "line"))) == (["A", "B"], [2, 4])


def test_every_format_is_read_from_s3(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put, tmp_path: Path
) -> None:
    frame = pd.DataFrame([{"sku": "00123", "name": "n"}])
    frame.to_parquet(tmp_path / "x.parquet")
    frame.to_excel(tmp_path / "x.xlsx", index=False)
    contents = {
        "x.csv": b"sku,name\n00123,n\n",
        "x.csv.gz": gzip.compress(b"sku,name\n00123,n\n"),
        "x.jsonl": b'{"sku":"00123","name":"n"}\n{broken\n',
        "x.jsonl.gz": gzip.compress(b'\xef\xbb\xbf{"sku":"00123","name":"n"}\n'),
        "x.parquet": (tmp_path / "x.parquet").read_bytes(),
        "x.xlsx": (tmp_path / "x.xlsx").read_bytes(),
    }
    for name, content in contents.items():
        put(name, content)
        found = desk.pull(f"s3://{place}/{name}", options=s3_options)
        assert desk.products(found, "sku", "name") == [("00123", "n")], name
        assert desk.quarantine(found, "place", "line") == ([("x.jsonl", 2)] if name == "x.jsonl" else [])


def test_a_pattern_on_s3_takes_the_matching_keys_and_tells_names_without_the_folder(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put
) -> None:
    for name in ("de/a.jsonl", "de/b [1].jsonl", "fr/c.jsonl"):
        put(name, b'{"sku":"%s"}\n' % name.encode())
    found = desk.pull(f"s3://{place}/de/*.jsonl", options=s3_options, snapshot="partial")
    assert desk.quarantine(found, "place", "sku") == [("a.jsonl", "de/a.jsonl"), ("b [1].jsonl", "de/b [1].jsonl")]
    found = desk.pull(f"s3://{place}/**/*.jsonl", options=s3_options, snapshot="partial")
    assert sorted(desk.quarantine(found, "place")) == ["de/a.jsonl", "de/b [1].jsonl", "fr/c.jsonl"]


def test_partial_reads_each_key_once(desk: Desk, s3_options: dict[str, Any], place: str, put: Put) -> None:
    put("a.csv", b"sku,name\nA,a\n")
    first = desk.pull(f"s3://{place}/*.csv", "changed", options=s3_options, snapshot="partial")
    put("b.csv", b"sku,name\nB,b\n")
    then = desk.pull(
        f"s3://{place}/*.csv", "changed", options=s3_options, snapshot="partial", watermark=first.watermark
    )
    nothing = desk.pull(
        f"s3://{place}/*.csv", "changed", options=s3_options, snapshot="partial", watermark=then.watermark
    )
    assert (desk.products(first, "sku"), desk.products(then, "sku"), balance(nothing)) == (["A"], ["B"], (0, 0, 0, 0))


def test_an_object_is_known_by_its_etag_whatever_the_second_it_was_put_in(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put
) -> None:
    put("a.csv", b"sku,name\nA,a\n")
    how: dict[str, Any] = {"options": s3_options, "snapshot": "partial"}
    first = desk.pull(f"s3://{place}/*.csv", "changed", **how)
    put("a.csv", b"sku,name\nA,a\n")
    same = desk.pull(f"s3://{place}/*.csv", "changed", watermark=first.watermark, **how)
    put("a.csv", b"sku,name\nA,b\n")
    other = desk.pull(f"s3://{place}/*.csv", "changed", watermark=same.watermark, **how)
    assert (same.requests, desk.products(other, "name")) == (0, ["b"])


def test_newest_goes_by_the_time_s3_keeps(desk: Desk, s3_options: dict[str, Any], place: str, put: Put) -> None:
    put("b.csv", b"sku,name\nB,b\n")
    put("a.csv", b"sku,name\nA,a\n")
    newest = desk.pull(f"s3://{place}/*.csv", options=s3_options, snapshot="newest")
    assert desk.products(newest, "sku") in (["A"], ["B"])  # S3 keeps whole seconds, so these two may be of one time
    assert newest.requests == 1


def test_what_is_missing_or_torn_on_s3_fails_by_name(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put
) -> None:
    with pytest.raises(NoFiles):
        desk.pull(f"s3://{place}/*.csv", options=s3_options)
    with pytest.raises(NoFiles):
        desk.pull("s3://no-such-bucket/*.csv", options=s3_options)
    put("torn.jsonl.gz", gzip.compress(b'{"sku":"A","name":"a"}\n' * 100_000)[:-100])
    with pytest.raises(UnreadableFile, match=r"torn\.jsonl\.gz cannot be read"):
        desk.pull(f"s3://{place}/torn.jsonl.gz", options=s3_options)


def test_an_s3_that_does_not_answer_is_worth_another_try(desk: Desk, s3_options: dict[str, Any]) -> None:
    nowhere = {
        "client_kwargs": {"endpoint_url": "http://127.0.0.1:9"},
        "config_kwargs": {"retries": {"max_attempts": 1}, "connect_timeout": 1},
    }
    with pytest.raises(SourceUnavailable, match=r"s3://exports/x\.csv cannot be read"):
        desk.pull("s3://exports/x.csv", options=nowhere)


def test_a_source_on_s3_and_a_store_with_other_options_do_not_meet(
    desk: Desk, s3_options: dict[str, Any], place: str, put: Put
) -> None:
    put("a.csv", b"sku,name\nA,a\n")
    desk.con.register_filesystem(
        s3fs.S3FileSystem(client_kwargs={"endpoint_url": "http://127.0.0.1:9"}, skip_instance_cache=True)
    )
    assert desk.products(desk.pull(f"s3://{place}/a.csv", options=s3_options), "sku") == ["A"]
    assert desk.products(desk.pull(f"s3://{place}/a.csv", options=s3_options), "sku") == ["A"]
    assert isinstance(desk.store, Folder)


@pytest.fixture
def breaking(s3_options: dict[str, Any]) -> Iterator[str]:
    """The endpoint of an S3 that breaks off, in front of the other."""
    script = Path(__file__).with_name("breaking_s3.py")
    command = [sys.executable, str(script), s3_options["client_kwargs"]["endpoint_url"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


@pytest.mark.parametrize("ending", ["jsonl.gz", "parquet"])
def test_an_s3_that_breaks_off_is_never_taken_for_a_damaged_file(
    desk: Desk, s3_options: dict[str, Any], breaking: str, place: str, put: Put, tmp_path: Path, ending: str
) -> None:
    """Wherever it does, a file of changes is neither put in quarantine nor marked as read: the pull is tried again."""
    frame = pd.DataFrame([{"sku": f"{n:05}", "name": "n" * 20} for n in range(2_000)])
    file = tmp_path / f"x.{ending}"
    if ending == "parquet":
        frame.to_parquet(file)
    else:
        frame.to_json(file, orient="records", lines=True)
    put(f"x.{ending}", file.read_bytes())
    options = {**s3_options, "client_kwargs": {**s3_options["client_kwargs"], "endpoint_url": breaking}}
    for objects in itertools.count():
        httpx.put(f"{breaking}/after/{objects}")
        try:
            found = desk.pull(f"s3://{place}/*", "changed", snapshot="partial", options=options)
        except SourceUnavailable:
            continue
        break
    assert (objects > 0, balance(found)) == (True, (2_000, 2_000, 0, 0))
