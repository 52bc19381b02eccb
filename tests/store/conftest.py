"""Both stores, each empty; the contract tests run on either."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remediate.store.place import StorePlace, store_place
from remediate.store.protocol import Store
from remediate.store.sql import SqlStore
from remediate.testing.store import MemoryStore


@pytest.fixture
def place(tmp_path: Path) -> StorePlace:
    return store_place(str(tmp_path / "store" / "remediate.db"))


@pytest.fixture
def sql_store(place: StorePlace) -> Iterator[SqlStore]:
    with SqlStore(place) as store:
        yield store


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = (
        MemoryStore() if request.param == "memory" else request.getfixturevalue("sql_store")
    )
    return chosen
