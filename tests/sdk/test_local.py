"""graph_olap.local(): a platform that starts with one call and leaves nothing behind, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import graph_olap
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from graph_olap import ConnectionError, _local, notebook
from graph_olap._embedded import EmbeddedProcess

PEOPLE = {
    "label": "Person",
    "sql": "SELECT id, name FROM people",
    "primary_key": {"name": "id", "type": "INT64"},
    "properties": [{"name": "name", "type": "STRING"}],
}


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    # Another platform's address and keys must not reach the embedded one.
    monkeypatch.setenv("GRAPH_OLAP_API_URL", "https://elsewhere.example.com")
    monkeypatch.setenv("GRAPH_OLAP_API_KEY", "of another platform")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    yield
    for platform in _local._running.values():
        platform.stop()
    _local._running.clear()
    if notebook._current_client is not None:
        notebook._current_client.close()
        notebook._current_client = None
    assert list(temporary.iterdir()) == []


def count_people(client: graph_olap.GraphOLAPClient) -> Any:
    mapping = client.mappings.create("People", node_definitions=[PEOPLE])
    with client.quick_start(mapping.id, progress=False) as graph:
        return graph.query_scalar("MATCH (p:Person) RETURN count(p)")


def test_frames_become_tables_and_a_second_call_finds_the_platform_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = graph_olap.local({"people": pl.DataFrame({"id": [1, 2], "name": ["Ada", "Bob"]})}, username="ada")
    assert notebook.get_client() is first
    assert count_people(first) == 2
    second = graph_olap.local(
        {
            "people": pd.DataFrame({"id": [1, 2, 3], "name": ["Ada", "Bob", "Cyd"]}),
            "towns": pa.table({"town": ["Oslo"]}),
            "lazy": pl.LazyFrame({"x": [1]}),
        }
    )
    assert {column.table_name for column in second.schema.search_columns("town")} == {"towns"}
    assert count_people(second) == 3
    assert graph_olap.local()._config.api_url == second._config.api_url == first._config.api_url
    monkeypatch.delenv("GRAPH_OLAP_API_URL")
    monkeypatch.delenv("GRAPH_OLAP_API_KEY")
    assert notebook.connect()._config.api_url == first._config.api_url


def test_a_file_is_served_and_a_kept_folder_remembers(tmp_path: Path) -> None:
    file = tmp_path / "my people.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE people AS SELECT 1 AS id, 'Ada' AS name")
    client = graph_olap.local(file, data_dir=tmp_path / "kept")
    assert count_people(client) == 1
    again = graph_olap.local(str(file), data_dir=tmp_path / "kept")
    assert again._config.api_url == client._config.api_url
    _local._running.popitem()[1].stop()
    assert [found.name for found in graph_olap.local(file, data_dir=tmp_path / "kept").mappings.list()] == ["People"]


def test_what_cannot_be_served_is_said_in_a_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    no_database = tmp_path / "notes.txt"
    no_database.write_text("hello")
    with pytest.raises(ConnectionError, match=r"did not start\. The warehouse .*notes\.txt .*no DuckDB database"):
        graph_olap.local(no_database)
    with pytest.raises(ValueError, match=r"There is no file or folder .*missing\.duckdb"):
        graph_olap.local(tmp_path / "missing.duckdb")
    with pytest.raises(TypeError, match=r"The table 'people' is a list; pass a polars or pandas DataFrame"):
        graph_olap.local({"people": [1, 2]})
    with pytest.raises(ValueError, match=r"'\.\./people' cannot be the name of a table"):
        graph_olap.local({"../people": pl.DataFrame({"id": [1]})})
    with pytest.raises(ValueError, match="No table was given"):
        graph_olap.local({})
    assert _local._running == {}


def test_without_the_server_package_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_local, "installed", lambda package: package != "graph_olap_server")
    with pytest.raises(ImportError, match="pip install graph-olap-server"):
        graph_olap.local()


SCRIPT = """
import os, sys, time
import graph_olap
client = graph_olap.local()
if os.fork() == 0:
    sys.exit()  # runs the exit handlers of a forked child
os.wait()
assert client.health.check().status
mapping = client.mappings.create("One", node_definitions=[{
    "label": "Person", "sql": "SELECT 1 AS id", "primary_key": {"name": "id", "type": "INT64"}, "properties": []
}])
client.quick_start(mapping.id, progress=False)
from graph_olap import _local
(platform,) = _local._running.values()
print(platform._process.pid, client.instances.list()[0].pod_name, flush=True)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.parametrize("killed", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["killed", "ends"])
def test_the_platform_goes_with_the_process_that_started_it(tmp_path: Path, killed: bool) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    command = [sys.executable, "-c", SCRIPT, "300" if killed else "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as notebook_process:
        try:
            assert notebook_process.stdout is not None
            pid = int(notebook_process.stdout.readline().split()[0])
            if killed:
                assert is_alive(pid)
                notebook_process.send_signal(signal.SIGKILL)
            assert notebook_process.wait(60) == (-signal.SIGKILL if killed else 0)
        finally:
            notebook_process.kill()
    deadline = time.monotonic() + 60
    while (is_alive(pid) or any((tmp_path / "temporary").iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(pid)


def test_ctrl_c_during_the_start_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[EmbeddedProcess] = []

    def interrupted(self: EmbeddedProcess) -> str:
        started.append(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmbeddedProcess, "_wait_until_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        graph_olap.local()
    assert not started[0].is_running


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").exists() or Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
