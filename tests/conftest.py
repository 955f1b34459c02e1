"""Fixtures of the end-to-end tests: a real platform on a small real warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from graph_olap import GraphOLAPClient
from platform_process import Serve


@pytest.fixture(scope="session")
def warehouse_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DuckDB file with parallel edges, a self-loop, an isolated node, a null key and a dangling end; only read."""
    path = tmp_path_factory.mktemp("warehouse") / "people.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE people (id BIGINT, name VARCHAR, odd STRUCT(a INTEGER))")
        connection.execute("INSERT INTO people VALUES (1, 'Ada', {a: 1}), (2, 'Björn', NULL), (3, NULL, NULL)")
        connection.execute("CREATE TABLE knows (a BIGINT, b BIGINT, since BIGINT)")
        connection.execute(
            "INSERT INTO knows VALUES (1, 2, 1999), (1, 2, 2005), (2, 2, NULL), (1, 99, 1), (NULL, 1, 2)"
        )
    return path


@pytest.fixture
def start_serve() -> Iterator[Callable[..., Serve]]:
    """Start servers that are surely stopped at the end of the test."""
    started: list[Serve] = []

    def start(data_dir: Path, *arguments: str, env: dict[str, str] | None = None) -> Serve:
        started.append(Serve(data_dir, *arguments, env=env))
        return started[-1]

    yield start
    for serve in started:
        if serve.process.poll() is None:
            serve.stop()


@pytest.fixture(scope="module")
def platform_url(tmp_path_factory: pytest.TempPathFactory, warehouse_file: Path) -> Iterator[str]:
    """The address of a platform over the small warehouse, for all tests of a module."""
    data_dir = tmp_path_factory.mktemp("platform") / "data"
    serve = Serve(data_dir, "--port", "0", "--warehouse", f"duckdb:///{warehouse_file}")
    try:
        yield serve.wait_ready()
    finally:
        serve.stop()


@pytest.fixture
def client(platform_url: str) -> Iterator[GraphOLAPClient]:
    """A client of that platform."""
    with GraphOLAPClient(platform_url, username="ada") as connected:
        yield connected
