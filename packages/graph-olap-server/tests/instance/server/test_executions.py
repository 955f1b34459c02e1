"""Runs whose files cannot be written: what a run found is told, and the instance works on."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from graph_olap_server.instance import history
from graph_olap_server.instance.executions import ExecutionService, Outcome, Task


def task(outcome: Outcome) -> Task:
    return Task("pagerank", "native", "ada", lambda control: outcome)


@pytest.mark.parametrize("moment", ["before the run", "during the run"])
def test_a_history_that_cannot_be_written_stops_no_run(tmp_path: Path, moment: str):
    folder = tmp_path / "7"
    folder.mkdir()
    service = ExecutionService(folder)

    def run(control: object) -> Outcome:
        shutil.rmtree(folder, ignore_errors=True)
        return Outcome({"nodes": 3})

    if moment == "before the run":
        folder.rmdir()
    execution = service.start(Task("pagerank", "native", "ada", run))
    execution.done.result(30)
    assert (execution.record.status, execution.record.result) == ("completed", {"nodes": 3})
    assert not service.lock.status.locked
    folder.mkdir(exist_ok=True)
    service.start(task(Outcome({}))).done.result(30)
    assert [record.status for record in ExecutionService(folder).recent(None, 10)[0]] == ["completed"] * 2


def test_a_result_that_cannot_be_kept_fails_with_the_cause(tmp_path: Path):
    service = ExecutionService(tmp_path)
    (tmp_path / "results").write_text("no folder")
    execution = service.start(task(Outcome({}, table=pa.table({"a": [1]}))))
    execution.done.result(30)
    assert (execution.record.status, execution.record.error_code) == ("failed", "ALGORITHM_FAILED")
    assert execution.record.error_message == (
        "pagerank could not write to the instance's folder: File exists. Free space there, or ask your operator to."
    )
    assert not service.lock.status.locked


def test_a_run_that_gets_no_thread_fails_and_gives_the_lock_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    service = ExecutionService(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        execution = service.start(task(Outcome({})))
    assert execution.done.done()
    assert execution.record.status == "failed"
    assert "no threads left" in (execution.record.error_message or "")
    service.start(task(Outcome({}))).done.result(30)


@pytest.mark.parametrize("text", ["", '[{"execution_id": "x"', "{}", '[{"no": "record"}]'])
def test_a_history_that_a_power_failure_damaged_is_left_behind(tmp_path: Path, text: str):
    (tmp_path / "executions.json").write_text(text)
    service = ExecutionService(tmp_path)
    assert service.recent(None, 10) == ([], 0)
    service.start(task(Outcome({}))).done.result(30)
    assert len(ExecutionService(tmp_path).recent(None, 10)[0]) == 1


def test_a_change_is_appended_and_a_restart_finds_all_of_them(tmp_path: Path):
    file = tmp_path / "executions.json"
    service = ExecutionService(tmp_path)
    ended = []
    for number in range(3):
        before = file.read_bytes() if file.exists() else b""
        execution = service.start(task(Outcome({"nodes": number, "values": [1, 2], "timings_ms": {"compute": 1.0}})))
        execution.done.result(30)
        ended.append(execution.record)
        assert file.read_bytes().startswith(before)
        assert len(file.read_bytes().splitlines()) == 2 * (number + 1)
    again = ExecutionService(tmp_path)
    found, total = again.recent(None, 10)
    assert (total, [record.execution_id for record in found]) == (3, [record.execution_id for record in ended[::-1]])
    assert [record.result for record in found] == [{"nodes": n, "timings_ms": {"compute": 1.0}} for n in (2, 1, 0)]
    again.start(task(Outcome({}))).done.result(30)
    assert len(file.read_bytes().splitlines()) == 3 + 2  # its first line came with the file written anew


def test_a_line_that_was_cut_off_costs_one_record(tmp_path: Path):
    file = tmp_path / "executions.json"
    service = ExecutionService(tmp_path)
    for _ in range(2):
        service.start(task(Outcome({}))).done.result(30)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    records, _ = ExecutionService(tmp_path).recent(None, 10)
    assert sorted(record.status for record in records) == ["completed", "failed"]  # of the other its end is lost


def test_a_history_of_an_earlier_version_is_read(tmp_path: Path):
    file = tmp_path / "executions.json"
    service = ExecutionService(tmp_path)
    for _ in range(2):
        service.start(task(Outcome({}))).done.result(30)
    records = [json.loads(line) for line in file.read_bytes().splitlines()]
    file.write_text(json.dumps([record for record in records if record["status"] == "completed"]))
    assert ExecutionService(tmp_path).recent("completed", 10)[1] == 2


def test_the_file_is_written_anew_before_it_grows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(history, "_MOST_LINES", 10)
    service = ExecutionService(tmp_path)
    for _ in range(120):
        service.start(task(Outcome({}))).done.result(30)
    lines = (tmp_path / "executions.json").read_bytes().splitlines()
    assert len(lines) <= 100 + 1 + 10
    assert ExecutionService(tmp_path).recent(None, 100)[1] == 100
