from __future__ import annotations

import fcntl
from pathlib import Path

import duckdb
from graph_olap_server.scratch import ScratchFolder
from graph_olap_server.warehouse.base import SourceColumn
from graph_olap_server.warehouse.factory import open_warehouse


def test_a_folder_goes_with_its_user_and_the_next_one_removes_those_of_the_dead(tmp_path: Path):
    dead = tmp_path / "1-dead"
    dead.mkdir()
    (dead / "spill").write_bytes(b"x")
    dead.with_name("1-dead.lock").touch()
    with ScratchFolder(tmp_path) as first, ScratchFolder(tmp_path) as second:
        assert first.path.is_dir()
        assert second.path.is_dir()
        assert not dead.exists()
        with (tmp_path / f"{first.path.name}.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                raise AssertionError("the folder is not locked")
    assert list(tmp_path.iterdir()) == []


def test_the_warehouse_spills_into_the_folder(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT i FROM range(10) t(i)")
    with ScratchFolder(tmp_path / "scratch") as scratch:
        warehouse = open_warehouse(f"duckdb:///{tmp_path / 'w.duckdb'}", scratch.path)
        with warehouse.export("SELECT current_setting('temp_directory') AS d", [SourceColumn("d", "STRING")]) as rows:
            assert [batch.to_pydict() for batch in rows] == [{"d": [str(scratch.path / "duckdb")]}]
        warehouse.close()
