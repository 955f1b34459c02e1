"""Deployments that tests kill."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from deployment import ROWS, Deployment
from postgres import PrivatePostgres


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "people.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE people AS SELECT i AS id, 'name ' || i AS name FROM range({ROWS}) t(i)")
        connection.execute(f"CREATE TABLE knows AS SELECT i AS a, i + 1 AS b, i AS since FROM range({ROWS - 1}) t(i)")
    return path


@pytest.fixture
def make_deployment(
    request: pytest.FixtureRequest, tmp_path: Path, warehouse: Path
) -> Iterator[Callable[..., Deployment]]:
    """Make a deployment on SQLite or PostgreSQL; everything of it is ended afterwards."""
    made: list[Deployment] = []

    def make(*, on_postgres: bool = False) -> Deployment:
        data_dir = tmp_path / "data"
        url = f"sqlite:///{data_dir / 'control-plane.db'}"
        if on_postgres:
            server: PrivatePostgres = request.getfixturevalue("postgres")
            url = server.url(server.create())
        made.append(Deployment(data_dir, warehouse, url, on_postgres))
        return made[-1]

    yield make
    for deployment in made:
        deployment.kill_all()
        for pid in deployment.instance_pids().values():
            os.kill(pid, signal.SIGKILL)
