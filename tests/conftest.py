"""Fixtures of the end-to-end tests: a real platform on a small real warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from graph_olap import GraphOLAPClient
from platform_process import Serve


@pytest.fixture
def warehouse_file(tmp_path: Path) -> Path:
    """A DuckDB file with parallel edges, a self-loop, an isolated node, a null key and a dangling end."""
    path = tmp_path / "people.duckdb"
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


@pytest.fixture
def platform_url(start_serve: Callable[..., Serve], tmp_path: Path, warehouse_file: Path) -> str:
    """The address of a fresh platform over the small warehouse."""
    serve = start_serve(tmp_path / "data", "--port", "0", "--warehouse", f"duckdb:///{warehouse_file}")
    return serve.wait_ready()


@pytest.fixture
def client(platform_url: str) -> Iterator[GraphOLAPClient]:
    """A client of that platform."""
    with GraphOLAPClient(platform_url, username="ada") as connected:
        yield connected
