"""One store with every kind of file in it, built once for all tests of damage and repair."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.repair import remembering
from tests.repair.damaging import Place, build


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("damage") / "shop"
    folder.mkdir()
    with remembering.configured(folder) as memory:
        yield build(folder, memory)


@pytest.fixture
def place(whole: Place) -> Place:
    """The shop as it was built, whatever a test before did to it."""
    whole.restore()
    return whole
