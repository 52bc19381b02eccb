"""The stores, each empty; the contract tests run on each."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

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


SERVER = os.environ.get("REMEDIATE_TESTS_POSTGRESQL", "")
"""`postgresql+psycopg://USER:PASSWORD@SERVER`: who may make databases there."""


@pytest.fixture
def postgresql_store() -> Iterator[SqlStore]:
    name = f"remediate_{uuid4().hex}"
    server = create_engine(f"{SERVER}/postgres", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            with SqlStore(store_place(f"{SERVER}/{name}")) as store:
                yield store
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["memory", "sql", *(["postgresql"] if SERVER else [])])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    chosen: Store = request.getfixturevalue(f"{request.param}_store")
    return chosen
