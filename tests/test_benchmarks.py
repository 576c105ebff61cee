"""The benchmark of the CSV scanner runs: it reads files as a pull does, so a change of the reader can break it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import csv_scan

NAMES = ["clean.csv", "stray.csv", "inch.csv", "html.csv", "clean.csv.gz"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {file.name: file for file in csv_scan.write_files(tmp_path_factory.mktemp("bench"), 200)}


def test_it_writes_its_five_files(files: dict[str, Path]) -> None:
    assert list(files) == NAMES


@pytest.mark.parametrize("task", ["scan", "duckdb"])
@pytest.mark.parametrize("name", NAMES)
def test_each_file_can_be_scanned_and_read(files: dict[str, Path], name: str, task: str) -> None:
    assert csv_scan.seconds(task, files[name]) >= 0
