"""What has the name of a file and cannot be opened: it is named with the true reason, and never taken for nothing."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from datasync.errors import UnreadableFile
from datasync.store.logs import catalog_log
from tests.pulling import START, Desk, balance
from tests.shop import SETTINGS, Shop


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "gone.export")


def looping(path: Path) -> None:
    path.symlink_to(path)


def listening(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # the path of a socket has a hundred bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(before)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def unspeakable(path: Path) -> None:
    with open(os.fsencode(path.parent) + b"/b\xe9.csv", "wb") as file:
        file.write(b"sku,name\nB,b\n")


Making = Callable[[Path], None]
UNOPENED: dict[str, tuple[Making, str, str]] = {
    "dangling": (dangling, "b.csv", "it is a link, and what it leads to is not there"),
    "loop": (looping, "b.csv", "it is a link that leads back to itself"),
    "pipe": (os.mkfifo, "b.csv", "it is a named pipe and no file"),
    "socket": (listening, "b.csv", "it is a socket and no file"),
    "device": (endless, "b.csv", "it is a device and no file"),
    "name": (unspeakable, "b\\xe9.csv", "its path is not UTF-8, so it has to be renamed"),
}
unopened = pytest.mark.parametrize(("make", "name", "reason"), UNOPENED.values(), ids=UNOPENED)


def sells(desk: Desk, name: str, sku: str, days: int = 0) -> Path:
    file = desk.write(name, f"sku,name\n{sku},{sku.lower()}\n")
    moment = (START + timedelta(days=days)).timestamp()
    os.utime(file, (moment, moment))
    return file


@unopened
@pytest.mark.parametrize("snapshot", ["complete", "newest"])
def test_a_catalog_fails_by_the_name_of_what_cannot_be_opened(
    desk: Desk, snapshot: str, make: Making, name: str, reason: str
) -> None:
    sells(desk, "a.csv", "A", days=-400)
    make(desk.files / "b.csv")
    with pytest.raises(UnreadableFile) as failed:
        desk.pull("*.csv", snapshot=snapshot)
    assert (failed.value.path, failed.value.reason) == (name, reason)


@unopened
@pytest.mark.parametrize("path", ["b.csv", "**/b*.csv"])
def test_it_is_named_whatever_pattern_it_matches(desk: Desk, path: str, make: Making, name: str, reason: str) -> None:
    make(desk.files / "b.csv")
    with pytest.raises(UnreadableFile, match="cannot be read") as failed:
        desk.pull(path if name == "b.csv" else path.replace("b.csv", "b*.csv"))
    assert (failed.value.path, failed.value.reason) == (name, reason)


@unopened
def test_of_files_of_changes_the_others_are_taken_and_it_is_once_it_is_there(
    desk: Desk, make: Making, name: str, reason: str
) -> None:
    sells(desk, "a.csv", "A")
    make(desk.files / "b.csv")
    first = desk.pull("*.csv", "changed", snapshot="partial")
    assert (desk.products(first, "sku"), balance(first)) == (["A"], (2, 1, 1, 0))
    named = [(name, "unreadable", f"The file {name} cannot be read: {reason}.")]
    assert desk.quarantine(first, "place", "code", "sentence") == named

    (desk.files / "b.csv").unlink(missing_ok=True)
    sells(desk, "b.csv", "B")
    then = desk.pull("*.csv", "changed", snapshot="partial", watermark=first.watermark)
    assert desk.products(then, "sku") == ["B"]


@pytest.mark.parametrize("path", ["*/x.csv", "*/*.csv", "**/*.csv"])
def test_a_link_in_the_place_of_a_folder_that_leads_nowhere_fails_a_catalog(desk: Desk, path: str) -> None:
    sells(desk, "here/x.csv", "A")
    dangling(desk.files / "shop")
    with pytest.raises(UnreadableFile) as failed:
        desk.pull(path)
    assert (failed.value.path, failed.value.reason) == ("shop", UNOPENED["dangling"][2])


def test_a_link_to_a_file_is_that_file_and_one_to_a_folder_is_no_file(desk: Desk) -> None:
    sells(desk, "there/x.export", "A")
    (desk.files / "a.csv").symlink_to(desk.files / "there/x.export")
    (desk.files / "b.csv").symlink_to(desk.files / "there")
    (desk.files / "c.csv").mkdir()
    assert desk.products(desk.pull("*.csv"), "sku") == ["A"]


def test_what_stands_in_a_file_that_became_a_pipe_is_not_waited_for(desk: Desk) -> None:
    file = desk.write("a.csv", "")
    empty = desk.pull("*.csv", "changed", snapshot="partial")
    file.unlink()
    os.mkfifo(file)
    then = desk.pull("*.csv", "changed", snapshot="partial", watermark=empty.watermark)
    assert desk.quarantine(then, "sentence") == [f"The file a.csv cannot be read: {UNOPENED['pipe'][2]}."]


@pytest.mark.parametrize(("make", "name", "reason"), [UNOPENED["dangling"], UNOPENED["name"]], ids=["link", "name"])
def test_no_product_leaves_the_catalog_and_no_command_ends_in_a_traceback(
    tmp_path: Path, make: Making, name: str, reason: str
) -> None:
    shop = Shop(tmp_path)
    shop.sells(("A", "a", "enabled", "c", "red"))
    (tmp_path / "en/b.csv").write_text("sku,name,status,categories,color\nB,b,enabled,c,red\n")
    assert shop.run("sync").code == 0
    (tmp_path / "en/b.csv").unlink()
    make(tmp_path / "en/b.csv")
    synced, checked = shop.run("sync"), shop.run("check")
    assert (
        synced.code,
        f"{name} cannot be read: {reason}" in synced.err,
        "Traceback" in synced.err or " says:" in synced.err,
    ) == (
        4,
        True,
        False,
    )
    assert f"{name} cannot be read: {reason}" in checked.out + checked.err
    with shop.connected() as (con, pipeline):
        catalog = catalog_log(pipeline.store, "en-US")
        rows = catalog.fold(catalog.head(con).number).where("hash IS NOT NULL").rows(con)
    assert len(rows) == 2


def test_files_of_changes_go_on_without_a_name_that_is_no_text_and_the_page_names_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path, SETTINGS.replace("path: en/*.csv", "path: en/*.csv\n    snapshot: partial"))
    shop.sells(("A", "a", "enabled", "c", "red"))
    unspeakable(tmp_path / "en/b.csv")
    outputs = [shop.run(*command) for command in (("sync",), ("check",), ("status",), ("publish",))]
    assert [output.code for output in outputs if "Traceback" in output.err] == []
    assert "en-US: 2 records = 1 valid + 1 quarantined" in outputs[0].lines
    with shop.connected() as (con, _):
        quarantine = f"read_parquet('{tmp_path}/var/store/quarantine/*/*.parquet')"
        rows = con.execute(f"SELECT place, sentence FROM {quarantine}").fetchall()
    _, name, reason = UNOPENED["name"]
    assert rows == [(name, f"The file {name} cannot be read: {reason}.")]
    page = (tmp_path / "var/site/index.html").read_text()
    assert json.dumps(name)[1:-1] in page
