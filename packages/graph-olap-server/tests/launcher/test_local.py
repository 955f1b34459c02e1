"""The local launcher against real processes that really die."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from graph_olap_server.config import Settings
from graph_olap_server.domain.instance_config import InstanceConfig
from graph_olap_server.launcher.base import InstanceState, LauncherError
from graph_olap_server.launcher.local import LocalLauncher, buffer_bytes
from graph_olap_server.launcher.processes import is_alive, start_mark
from graph_olap_server.machine import memory_limit_bytes


def state_of(launcher, handle):
    return launcher.poll(handle).state


def test_start_poll_stop(make_launcher, spec, until):
    launcher = make_launcher()
    handle = launcher.start(spec())
    assert json.loads(json.dumps(dict(handle))) == handle
    until(lambda: state_of(launcher, handle) == InstanceState.LISTENING)
    assert launcher.poll(handle).url == "http://127.0.0.1:40007"
    assert [(found.instance_id, found.handle) for found in launcher.list_running()] == [(7, handle)]
    launcher.stop(handle)
    assert not Path(handle["folder"]).exists()
    assert launcher.list_running() == []
    assert state_of(launcher, handle) == InstanceState.GONE
    launcher.stop(handle)  # what is gone is stopped


def test_config_is_private_and_secrets_stay_out_of_arguments_and_environment(
    make_launcher, spec, until, monkeypatch, tmp_path
):
    monkeypatch.setenv("GRAPH_OLAP_INTERNAL_API_KEY", "s3cret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    launcher = make_launcher("environment")
    handle = launcher.start(spec())
    until(lambda: state_of(launcher, handle) == InstanceState.LISTENING)
    folder = Path(handle["folder"])
    assert (folder / "config.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o077 == 0
    config = InstanceConfig.model_validate_json((folder / "config.json").read_bytes())
    assert (config.threads, config.internal_api_key) == (2, "s3cret")
    assert config.snapshot_folder == tmp_path / "snap shots" / "5"
    assert config.buffer_bytes == buffer_bytes(1) < 1024**3
    assert b"s3cret" not in Path(f"/proc/{handle['pid']}/cmdline").read_bytes()
    assert "s3cret" not in (folder / "environment.json").read_text()


def test_instance_that_never_listens_stays_starting(make_launcher, spec):
    launcher = make_launcher("silent")
    handle = launcher.start(spec())
    assert state_of(launcher, handle) == InstanceState.STARTING


def test_exit_at_start_tells_code_and_log(make_launcher, spec, until):
    launcher = make_launcher("exit")
    handle = launcher.start(spec())
    until(lambda: state_of(launcher, handle) == InstanceState.GONE)
    result = launcher.poll(handle)
    assert "exit code 3" in result.reason
    assert "engine_failed reason=no such snapshot" in result.reason
    launcher.stop(handle)
    assert not Path(handle["folder"]).exists()


def test_killed_instance_is_gone_with_a_likely_cause(make_launcher, spec, until):
    launcher = make_launcher()
    handle = launcher.start(spec())
    os.kill(handle["pid"], signal.SIGKILL)
    until(lambda: state_of(launcher, handle) == InstanceState.GONE)
    assert "SIGKILL" in launcher.poll(handle).reason
    assert "memory" in launcher.poll(handle).reason
    assert launcher.list_running() == []


def test_second_launcher_adopts_polls_and_stops(make_launcher, spec, until):
    first = make_launcher()
    handle = first.start(spec())
    until(lambda: state_of(first, handle) == InstanceState.LISTENING)
    second = make_launcher()
    [found] = second.list_running()
    assert (found.instance_id, found.handle) == (7, handle)
    assert state_of(second, handle) == InstanceState.LISTENING
    second.stop(found.handle)
    assert state_of(first, handle) == state_of(second, handle) == InstanceState.GONE
    assert not Path(handle["folder"]).exists()


def test_adopted_instance_that_dies_is_gone(make_launcher, spec, until):
    first, second = make_launcher(), make_launcher()
    handle = first.start(spec())
    os.kill(handle["pid"], signal.SIGKILL)
    until(lambda: state_of(second, handle) == InstanceState.GONE)  # nobody collected it yet: a zombie is gone too


def test_instance_without_record_is_found_by_its_command(make_launcher, spec, until):
    launcher = make_launcher()
    handle = launcher.start(spec())
    until(lambda: state_of(launcher, handle) == InstanceState.LISTENING)
    (Path(handle["folder"]) / "process.json").unlink()
    [found] = make_launcher().list_running()
    assert found.handle == handle


def test_reused_process_id_is_never_touched(make_launcher, spec):
    launcher = make_launcher()
    handle = launcher.start(spec())
    stale = {**handle, "process_started": "1@elsewhere"}
    assert state_of(launcher, stale) == InstanceState.GONE
    folder = Path(handle["folder"])
    folder.rename(folder.with_name("kept"))  # stop removes the folder of the stale handle
    launcher.stop(stale)
    assert is_alive(handle["pid"], handle["process_started"])
    folder.with_name("kept").rename(folder)


def test_stop_forces_a_stubborn_process(make_launcher, spec, until):
    launcher = make_launcher("stubborn")
    handle = launcher.start(spec())
    until(lambda: state_of(launcher, handle) == InstanceState.LISTENING)
    launcher.stop(handle, grace_seconds=0.1)
    assert start_mark(handle["pid"]) is None


@pytest.mark.parametrize("leader_dies_first", [False, True])
def test_stop_ends_workers_too(make_launcher, spec, until, leader_dies_first):
    launcher = make_launcher("family")
    handle = launcher.start(spec())
    until(lambda: state_of(launcher, handle) == InstanceState.LISTENING)
    worker = int((Path(handle["folder"]) / "worker.pid").read_text())
    if leader_dies_first:
        os.kill(handle["pid"], signal.SIGKILL)
        until(lambda: state_of(launcher, handle) == InstanceState.GONE)
        assert start_mark(worker) is not None
    launcher.stop(handle)
    until(lambda: start_mark(worker) is None)


def test_stop_leaves_foreign_folders_alone(make_launcher, tmp_path):
    foreign = tmp_path / "elsewhere"
    foreign.mkdir()
    with pytest.raises(LauncherError, match="does not belong"):
        make_launcher().stop({"pid": 999_999_999, "process_started": "1", "folder": str(foreign)})
    assert foreign.exists()


@pytest.mark.parametrize("recorded", [True, False])
def test_starting_what_runs_already_returns_its_handle(make_launcher, spec, tmp_path, recorded):
    handle = make_launcher().start(spec())
    if not recorded:
        (Path(handle["folder"]) / "process.json").unlink()
    assert make_launcher().start(spec()) == handle
    assert is_alive(handle["pid"], handle["process_started"])


def test_folders_of_unknown_instances_without_a_process_are_removed(make_launcher, spec):
    launcher = make_launcher()
    running = launcher.start(spec())
    root = Path(running["folder"]).parent
    for name in ("8", "9"):
        (root / name).mkdir()
    assert launcher.remove_leftovers(lambda: {8}) == [9]
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == sorted({Path(running["folder"]).name, "8"})


def test_an_instance_of_another_machine_is_left_alone(make_launcher, spec):
    launcher = make_launcher()
    handle = launcher.start(spec())
    root = Path(handle["folder"]).parent
    (root / "9").mkdir()
    (root / "9" / "process.json").write_text(json.dumps({**handle, "node": "elsewhere", "folder": str(root / "9")}))
    assert not launcher.reaches({**handle, "node": "elsewhere"})
    assert launcher.reaches(handle)
    assert launcher.remove_leftovers(set) == []
    assert len(launcher.list_running()) == 1


def test_failed_start_leaves_nothing(tmp_path, make_launcher, spec):
    root = tmp_path / "instances"
    broken = LocalLauncher(
        root, settings=make_launcher()._settings, internal_api_key="k", command=[str(tmp_path / "missing")]
    )
    with pytest.raises(LauncherError, match="could not be started"):
        broken.start(spec())
    assert list(root.iterdir()) == []


def test_root_that_is_no_folder_is_one_sentence(tmp_path, make_launcher, spec):
    (tmp_path / "instances").write_text("a file")
    launcher = make_launcher()
    for call in (launcher.check, lambda: launcher.start(spec())):
        with pytest.raises(LauncherError, match=r"instances.*\.$"):
            call()


def test_announce_reaches_running_and_future_instances(make_launcher, spec):
    launcher = make_launcher("silent")
    early = launcher.start(spec(1))
    launcher.announce("http://127.0.0.1:1111")
    late = launcher.start(spec(2))
    for handle in (early, late):
        assert (Path(handle["folder"]) / "control-plane-url").read_text() == "http://127.0.0.1:1111"
    launcher.announce("http://127.0.0.1:2222")
    assert (Path(early["folder"]) / "control-plane-url").read_text() == "http://127.0.0.1:2222"


def test_endpoint_of_an_earlier_process_is_not_believed(make_launcher, spec):
    launcher = make_launcher("silent")
    handle = launcher.start(spec())
    (Path(handle["folder"]) / "endpoint.json").write_text('{"url": "http://127.0.0.1:9", "pid": 1}')
    assert state_of(launcher, handle) == InstanceState.STARTING


def test_log_of_python_errors_shows_the_last_line_only(tmp_path):
    from graph_olap_server.launcher.log_tail import last_lines

    log = tmp_path / "instance.log"
    log.write_text('Traceback (most recent call last):\n  File "x.py", line 1\nMemoryError: out of memory\n')
    assert last_lines(log) == ["MemoryError: out of memory"]
    assert last_lines(tmp_path / "missing") == []


def test_buffer_is_most_of_the_memory_with_a_floor():
    assert buffer_bytes(0) == 256 * 1024**2
    assert buffer_bytes(1) == int(1024**3 * 0.6)
    # The machine's limit, of which the default takes half; each is cut to whole bytes.
    assert buffer_bytes(10**6) - 2 * buffer_bytes(None) in (0, 1)


def test_an_instance_that_passed_its_memory_says_so_also_after_adoption(make_launcher, spec, until):
    launcher = make_launcher()
    handle = launcher.start(spec())
    until(lambda: launcher.poll(handle).state is InstanceState.LISTENING)
    (Path(handle["folder"]) / "memory-exceeded").write_text(str(3 * 1024**3))
    os.kill(handle["pid"], signal.SIGKILL)
    adopter = make_launcher()
    until(lambda: launcher.poll(handle).state is InstanceState.GONE)
    for result in (launcher.poll(handle), adopter.poll(handle)):
        assert result.out_of_memory
        assert result.reason is not None
        assert "more than its memory of 3.0 GB" in result.reason


def test_a_process_whose_threads_still_end_is_gone_with_its_signal(make_launcher, spec, until, monkeypatch):
    launcher = make_launcher()
    handle = launcher.start(spec())
    until(lambda: launcher.poll(handle).state is InstanceState.LISTENING)
    child = launcher._children[handle["pid"], handle["process_started"]]
    # What waitpid says of a killed leader while other threads of the process are still there.
    monkeypatch.setattr(child, "poll", lambda: None)
    os.kill(handle["pid"], signal.SIGKILL)
    until(lambda: launcher.poll(handle).state is InstanceState.GONE)
    assert "SIGKILL" in launcher.poll(handle).reason


def test_suspend_keeps_the_work_and_not_the_process(make_launcher, spec, until):
    launcher = make_launcher()
    handle = launcher.start(spec())
    until(lambda: launcher.poll(handle).state is InstanceState.LISTENING)
    folder = Path(handle["folder"])
    (folder / "graph.db").write_text("the analyst's")
    launcher.suspend(handle)
    launcher.suspend(handle)  # once more after a crash
    assert launcher.poll(handle).state is InstanceState.GONE
    assert launcher.list_running() == []
    assert (folder / "graph.db").read_text() == "the analyst's"
    assert not (folder / "config.json").exists()  # it holds the internal key
    assert launcher.remove_leftovers(lambda: {7}) == []

    resumed = launcher.start(replace(spec(), resumes=True, memory_gb=2))
    assert resumed["pid"] != handle["pid"]
    assert (folder / "graph.db").read_text() == "the analyst's"
    assert json.loads((folder / "config.json").read_text())["resumes"] is True
    assert launcher.start(replace(spec(), resumes=True)) == resumed


def test_what_is_not_here_is_not_resumed(make_launcher, spec):
    launcher = make_launcher()
    with pytest.raises(LauncherError, match=r"not in .* any more"):
        launcher.start(replace(spec(), resumes=True))
    assert launcher.list_running() == []


def test_discard_removes_what_was_kept_but_nothing_that_runs(make_launcher, spec):
    launcher = make_launcher()
    handle = launcher.start(spec())
    folder = Path(handle["folder"])
    launcher.discard(7)
    assert folder.is_dir()
    launcher.suspend(handle, grace_seconds=0)
    launcher.discard(7)
    launcher.discard(7)
    assert not folder.exists()


def test_an_instance_grows_by_no_more_than_nobody_uses(make_launcher):
    launcher = make_launcher()
    gb = 1024**3
    assert 0 <= launcher.largest_memory_gb(0) < launcher.largest_memory_gb(2 * gb) <= memory_limit_bytes() // gb
    assert launcher.largest_memory_gb(10**15) == memory_limit_bytes() // gb


def test_the_trace_of_a_process_that_died_is_the_end_of_its_log(make_launcher, spec, until):
    launcher = make_launcher("exit")
    handle = launcher.start(spec())
    gone = until(lambda: (found := launcher.poll(handle)).state is InstanceState.GONE and found)
    assert '"reason": "no such snapshot"' in gone.trace


def test_a_resume_that_died_before_it_recorded_its_process_is_found_again(make_launcher, spec, monkeypatch):
    launcher = make_launcher()
    first = launcher.start(spec())
    launcher.suspend(first)

    children = []

    def spawn_and_die(folder: Path) -> None:
        children.append(LocalLauncher._spawn(launcher, folder))
        raise KeyboardInterrupt

    monkeypatch.setattr(launcher, "_spawn", spawn_and_die)
    with pytest.raises(KeyboardInterrupt):
        launcher.start(replace(spec(), resumes=True))
    next_one = make_launcher()
    (found,) = next_one.list_running()
    assert found.handle["pid"] == children[0].pid
    assert next_one.start(replace(spec(), resumes=True)) == found.handle
    children[0].kill()
    children[0].wait()


@pytest.mark.parametrize("lost", ["the folder is gone", "another process is recorded"])
def test_a_process_that_no_folder_knows_is_ended(make_launcher, spec, until, lost):
    launcher = make_launcher()
    handle, other = launcher.start(spec()), launcher.start(spec(8))
    folder = Path(handle["folder"])
    if lost == "the folder is gone":
        folder.rename(folder.with_name("elsewhere"))
    else:
        (folder / "process.json").write_text(json.dumps({**handle, "pid": other["pid"]}))
    assert is_alive(handle["pid"], handle["process_started"])

    launcher.remove_leftovers(lambda: {7, 8})

    until(lambda: not is_alive(handle["pid"], handle["process_started"]))
    assert is_alive(other["pid"], other["process_started"])
    launcher.stop(handle)


def test_processes_that_are_being_started_or_belong_to_others_are_left_alone(make_launcher, spec, tmp_path):
    launcher = make_launcher()
    handle = launcher.start(spec())
    (Path(handle["folder"]) / "process.json").unlink()  # as between spawning and recording
    launcher.remove_leftovers(lambda: {7})
    elsewhere = LocalLauncher(tmp_path / "inst", settings=Settings(), internal_api_key="s3cret")
    elsewhere.remove_leftovers(lambda: ())
    assert is_alive(handle["pid"], handle["process_started"])
