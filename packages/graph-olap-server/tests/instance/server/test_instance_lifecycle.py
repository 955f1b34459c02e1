"""Starting, failing, restarting and stopping instance processes."""

import contextlib
import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

KEY = "internal-test-key"


def test_a_failed_load_keeps_the_server_up_and_says_why(start, snapshot, tmp_path, settled):
    broken = tmp_path / "broken"
    shutil.copytree(snapshot, broken, ignore=shutil.ignore_patterns("engine"))
    (broken / "Person.parquet").write_bytes(b"no parquet")
    instance = start(broken)
    status = settled(instance)
    assert (status["status"], status["ready"]) == ("failed", False)
    assert status["progress"]["phase"] == "failed"
    assert status["progress"]["error_code"] == "DATA_LOAD_ERROR"
    assert status["progress"]["error_message"]
    assert "Traceback" not in status["progress"]["error_message"]
    with instance.client() as owner:
        assert "stack_trace" not in owner.get("/status").json()["progress"]
    # Where in the platform it happened is for the control plane, which shows it to admins.
    own = httpx.get(f"{instance.url}/status", headers={"X-Internal-Api-Key": KEY}, trust_env=False).json()
    assert "Traceback" in own["progress"]["stack_trace"]
    with instance.client() as client:
        for reply in (client.get("/ready"), client.post("/query", json={"query": "RETURN 1"}), client.get("/schema")):
            assert (reply.status_code, reply.json()["error"]["code"]) == (503, "INSTANCE_NOT_READY")
            assert reply.json()["error"]["details"] == {"status": "failed"}
            assert reply.headers["retry-after"]


def test_a_missing_snapshot_fails_in_words(start, tmp_path, settled):
    status = settled(start(tmp_path / "nowhere"))
    assert status["status"] == "failed"
    assert status["progress"]["error_message"].startswith("Snapshot 5 could not be read")


def test_the_next_instance_starts_from_the_kept_file(start, snapshot, instance, settled, until):
    until(lambda: list((snapshot / "engine").glob("*.db")))
    again = start(snapshot)
    assert settled(again)["status"] == "running"
    assert '"loaded_from_cache"' in (again.folder / "instance.log").read_text()
    with again.client() as client:
        rows = client.post("/query", json={"query": "MATCH (p:Person) RETURN count(p) AS n"}).json()["rows"]
    assert rows == [[6]]


def test_stop_ends_running_work_within_seconds(start, snapshot, slow_query, settled, until):
    instance = start(snapshot)
    settled(instance)
    outcomes = []

    def run(path, body):
        with instance.client() as client:
            try:
                outcomes.append(client.post(path, json=body).status_code)
            except httpx.TransportError:
                outcomes.append("closed")

    threads = [
        threading.Thread(target=run, args=("/query", {"query": slow_query})),
        threading.Thread(target=run, args=("/networkx/simple_cycles", {"node_label": "Point"})),
    ]
    for thread in threads:
        thread.start()
    with instance.client() as client:
        until(lambda: client.get("/status").json()["lock"]["locked"] and client.get("/queries").json()["total_count"])
    started = time.monotonic()
    assert instance.stop() == 0
    assert time.monotonic() - started < 5
    for thread in threads:
        thread.join(5)
    assert len(outcomes) == 2


def test_queries_that_an_instance_takes_along_are_told_so(start, snapshot, slow_query, settled, until):
    instance = start(snapshot, query_concurrency=1)
    settled(instance)
    replies = []

    def run():
        with instance.client() as client:
            replies.append(client.post("/query", json={"query": slow_query}))

    threads = [threading.Thread(target=run) for _ in range(3)]
    with instance.client() as client:
        for thread in threads:
            thread.start()
        until(
            lambda: (
                sorted(query["state"] for query in client.get("/queries").json()["queries"])
                == ["queued", "queued", "running"]
            )
        )
    assert instance.stop() == 0
    for thread in threads:
        thread.join(5)
    assert len(replies) == 3
    for reply in replies:
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
        error = reply.json()["error"]
        assert (error["code"], error["details"]) == ("INSTANCE_NOT_READY", {"status": "stopping"})
        assert "Instance 7 is stopping" in error["message"]


def test_results_over_the_limit_are_refused_not_cut(start, snapshot, settled):
    instance = start(snapshot, query_max_rows=100, query_max_bytes=1000)
    settled(instance)
    with instance.client() as client:
        many = client.post("/query", json={"query": "UNWIND range(1, 101) AS x RETURN x"})
        assert (many.status_code, many.json()["error"]["code"]) == (413, "RESULT_TOO_LARGE")
        wide = client.post("/query", json={"query": "UNWIND range(1, 50) AS x RETURN 'a long long long text' AS t"})
        assert (wide.status_code, wide.json()["error"]["code"]) == (413, "RESULT_TOO_LARGE")
        assert client.post("/query", json={"query": "RETURN 1"}).status_code == 200


def test_a_full_queue_turns_queries_away(start, snapshot, slow_query, settled, until):
    instance = start(snapshot, query_concurrency=1, query_queue=0)
    settled(instance)

    def run():
        with instance.client() as own:
            own.post("/query", json={"query": slow_query, "timeout_ms": 2000})

    thread = threading.Thread(target=run)
    thread.start()
    with instance.client() as client:
        until(lambda: client.get("/queries").json()["total_count"] == 1)
        reply = client.post("/query", json={"query": "RETURN 1"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
        for entry in client.get("/queries").json()["queries"]:
            client.delete(f"/queries/{entry['query_id']}")
    thread.join(5)


def test_a_taken_port_is_one_clear_sentence(tmp_path, snapshot):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = {
            "instance_id": 1,
            "snapshot_id": 1,
            "mapping_id": 1,
            "owner": "ann",
            "engine": "kuzu",
            "folder": str(tmp_path),
            "snapshot_folder": str(snapshot),
            "port": port,
            "internal_api_key": "k",
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        done = _start(tmp_path / "config.json")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"Cannot listen on 127.0.0.1:{port}: Address already in use."


def test_a_bad_configuration_names_the_fields(tmp_path):
    missing = _start(tmp_path / "config.json")
    assert (missing.returncode, "does not exist" in missing.stderr) == (2, True)
    (tmp_path / "config.json").write_text('{"instance_id": "x"}')
    wrong = _start(tmp_path / "config.json")
    assert wrong.returncode == 2
    assert "instance_id" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def _start(config):
    return subprocess.run(
        [sys.executable, "-m", "graph_olap_server.instance", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_starting_imports_nothing_heavy():
    heavy = {"networkit", "networkx", "scipy", "pandas", "kuzu", "httpx", "fastapi", "sqlalchemy", "duckdb"}
    # Of our own: what the first request about algorithms loads, and shapes that only the control plane speaks.
    later = {
        "graph_olap_server.instance.algorithms.registry",
        "graph_olap_server.instance.algorithms.native",
        "graph_olap_server.instance.algorithms.shortest_path",
        "graph_olap_server.instance.networkx_bridge.bridge",
        "graph_olap.models.ops",
        "graph_olap.models.inference",
        "graph_olap.models.dry_run",
    }
    assert all(importlib.util.find_spec(name) is not None for name in later)  # a name that moved would guard nothing
    code = (
        "import sys, graph_olap_server.instance.server\n"
        f"sys.exit(', '.join(sorted({heavy | later!r} & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_query_that_takes_all_memory_ends_its_instance_and_nothing_else(start, snapshot, settled):
    instance = start(snapshot, memory_bytes=700 * 1024**2)
    settled(instance)
    with instance.client() as client, contextlib.suppress(httpx.TransportError):
        client.post("/query", json={"query": "UNWIND range(1, 10000 * 10000) AS x RETURN sum(x)"})
    assert instance.process.wait(20) == 137
    assert (instance.folder / "memory-exceeded").read_text() == str(700 * 1024**2)
    assert '"memory_limit_passed"' in (instance.folder / "instance.log").read_text()


def test_a_list_that_takes_all_memory_on_its_way_out_of_the_engine_ends_its_instance(start, snapshot, settled):
    limit = 600 * 1024**2
    instance = start(snapshot, memory_bytes=limit)
    settled(instance)
    with instance.client() as client, contextlib.suppress(httpx.TransportError):
        # The engine needs 160 MB for it, and ten times that to hand it out, with the interpreter's lock held.
        client.post("/query", json={"query": MILLIONS + "RETURN collect(a * b * c) AS numbers"})
    assert instance.process.wait(60) == -signal.SIGKILL
    assert (instance.folder / "memory-exceeded").read_text() == str(limit)
    assert '"memory_limit_passed"' in (instance.folder / "instance.log").read_text()


def test_nothing_watches_an_instance_that_is_gone(start, snapshot, settled, until):
    instance = start(snapshot, memory_bytes=2 * 1024**3)
    settled(instance)
    watcher = f"-m graph_olap_server.instance.memory_watch {instance.process.pid} "
    until(lambda: watcher in _commands())
    instance.process.kill()
    until(lambda: watcher not in _commands())


MILLIONS = "UNWIND range(1, 1000) AS a UNWIND range(1, 1000) AS b UNWIND range(1, 8) AS c "


def _commands():
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(path.read_bytes().replace(b"\0", b" ").decode())
    return "\n".join(commands)


def test_no_query_makes_the_process_import_pandas(start, snapshot, settled):
    instance = start(snapshot)
    settled(instance)
    maps = Path(f"/proc/{json.loads((instance.folder / 'endpoint.json').read_text())['pid']}/maps")
    with instance.client() as client:
        for query in ("MATCH (p:Person) RETURN count(p), collect(p.name)", "MATCH (p:Person) RETURN p"):
            assert client.post("/query", json={"query": query}).status_code == 200
    assert "pyarrow" in maps.read_text()
    assert "pandas" not in maps.read_text()
