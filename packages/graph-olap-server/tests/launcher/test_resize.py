"""A running process gets other resources; what cannot change is said."""

from __future__ import annotations

import os

import pytest
from graph_olap_server.launcher.base import LauncherError
from graph_olap_server.launcher.processes import session_threads


def test_a_process_and_its_children_are_bound_to_cores(make_launcher, spec, until, tmp_path):
    launcher = make_launcher("family")
    handle = launcher.start(spec())
    until(lambda: (tmp_path / "instances" / "7" / "worker.pid").exists())
    assert launcher.resize(handle, cpu_cores=1, memory_gb=None) == []
    threads = session_threads(handle["pid"])
    assert int((tmp_path / "instances" / "7" / "worker.pid").read_text()) in threads
    assert [len(os.sched_getaffinity(thread)) for thread in threads] == [1] * len(threads)
    notes = launcher.resize(handle, cpu_cores=999, memory_gb=None)
    assert len(os.sched_getaffinity(handle["pid"])) == len(os.sched_getaffinity(0))
    assert [note for note in notes if "cores for 999" in note] == notes != []
    assert (tmp_path / "instances" / "7" / "cpu-cores").read_text() == "999"


def test_memory_is_raised_as_far_as_the_machine_goes(make_launcher, spec, tmp_path):
    launcher = make_launcher()
    handle = launcher.start(spec())
    (note,) = launcher.resize(handle, cpu_cores=1, memory_gb=2)
    assert "buffer of 0.6 GB" in note
    assert (tmp_path / "instances" / "7" / "memory-limit").read_text() == str(2 * 1024**3)
    with pytest.raises(LauncherError, match="cannot have 9999 GB"):
        launcher.resize(handle, cpu_cores=1, memory_gb=9999)


def test_what_does_not_run_here_is_refused(make_launcher, spec, tmp_path):
    launcher = make_launcher()
    handle = launcher.start(spec())
    with pytest.raises(LauncherError):
        launcher.resize({**handle, "folder": str(tmp_path / "elsewhere" / "7")}, cpu_cores=1, memory_gb=None)
    launcher.stop(handle, grace_seconds=1)
    with pytest.raises(LauncherError):
        launcher.resize(handle, cpu_cores=1, memory_gb=None)
