"""The database that the control plane's tests run on: SQLite, or with GRAPH_OLAP_TEST_DATABASE=postgres PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from graph_olap_server.store.database import Database
from postgres import PrivatePostgres

# As in a worker of an instance; read when the libraries of the kernels are imported, by whichever test module is first.
# Threads that spin while they wait for work take the processor from the tests beside them.
os.environ.update(OMP_WAIT_POLICY="PASSIVE", OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")

ON_POSTGRES = os.environ.get("GRAPH_OLAP_TEST_DATABASE", "sqlite") == "postgres"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A private server for the session."""
    with PrivatePostgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database file or database with all tables: copying it is faster than migrating for every test."""
    if ON_POSTGRES:
        server: PrivatePostgres = request.getfixturevalue("postgres")
        name = server.create()
        url = server.url(name)
    else:
        name = str(tmp_path_factory.mktemp("migrated") / "control-plane.db")
        url = f"sqlite:///{name}"
    database = Database(url)
    database.migrate()
    database.close()
    return name


@pytest.fixture
def make_database_url(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_database: str
) -> Iterator[Callable[..., str]]:
    """Return the URL of a new database, with all tables unless ``empty``."""
    made: list[str] = []

    def make(*, empty: bool = False) -> str:
        if not ON_POSTGRES:
            made.append(str(tmp_path / f"control-plane-{len(made)}.db"))
            if not empty:
                shutil.copy(migrated_database, made[-1])
            return f"sqlite:///{made[-1]}"
        server: PrivatePostgres = request.getfixturevalue("postgres")
        made.append(server.create() if empty else server.create(migrated_database))
        return server.url(made[-1])

    yield make
    if ON_POSTGRES:
        for name in made:
            request.getfixturevalue("postgres").drop(name)


@pytest.fixture
def database_url(make_database_url: Callable[..., str]) -> str:
    """The URL of a database with all tables."""
    return make_database_url()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables."""
    opened = Database(database_url)
    yield opened
    opened.close()
