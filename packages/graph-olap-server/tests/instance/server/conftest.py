"""A real instance server process on a small snapshot, and a control plane double that answers its calls."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models import EdgeDefinition, LoadReport, NodeDefinition
from graph_olap_server.domain.instance_config import CONTROL_PLANE_URL_FILE, ENDPOINT_FILE, InstanceConfig
from graph_olap_server.snapshots.manifest import MANIFEST_NAME, EntityFile, SnapshotManifest

KEY = "internal-test-key"
OWNER = {"X-Username": "ann"}

PEOPLE = ["ann", "bob", "cem", "dan", "eve", "fay"]
KNOWS = [
    ("ann", "bob", 1.0),
    ("ann", "bob", 2.0),
    ("bob", "cem", 1.5),
    ("cem", "ann", 1.0),
    ("dan", "eve", 4.0),
    ("eve", "eve", 1.0),
]
CITIES = [10, 20]
LIVES_IN = [("ann", 10), ("dan", 20)]
POINTS = list(range(12))
"""A complete graph: a handful of nodes that keep an exponential algorithm busy for ever."""

SLOW_QUERY = (
    "MATCH (a:Point), (b:Point), (c:Point), (d:Point), (e:Point), (f:Point), (g:Point), (h:Point), (i:Point) "
    "WHERE a.number + b.number > c.number * d.number - e.number RETURN sum(f.number * g.number + h.number) AS total"
)


class ControlPlaneDouble:
    """Knows four users; counts calls; can be told to fail."""

    def __init__(self):
        self.authorize_calls = 0
        self.activity_calls = 0
        self.fail = False
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"null")
                status, reply = double.answer(self.path, self.headers, body)
                payload = json.dumps(reply).encode() if reply is not None else b""
                self.send_response(status)
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path, headers, body):
        if self.fail:
            return 503, None
        assert headers["x-internal-api-key"] == KEY
        if path.endswith("/activity"):
            self.activity_calls += 1
            return 204, None
        self.authorize_calls += 1
        name = body["headers"].get("x-username")
        if name not in ("ann", "guest", "stranger", "root"):
            error = {"code": "UNAUTHORIZED", "message": "Who are you?", "details": {"reason": "missing"}}
            return 401, {"error": error, "meta": {"request_id": "x"}}
        identity = {
            "username": name,
            "role": "admin" if name == "root" else "analyst",
            "can_read": name != "stranger",
            "can_run": name in ("ann", "root"),
        }
        return 200, {"data": identity}

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class RunningInstance:
    def __init__(self, process, folder, url):
        self.process = process
        self.folder = folder
        self.url = url

    def client(self, user="ann", **options):
        # The longest wait for a run that there is, so that a busy machine does not make a run of another kind of it.
        headers = {"X-Username": user, "Prefer": "wait=30"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=False, **options)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def write_snapshot(folder: Path) -> Path:
    folder.mkdir(parents=True)
    tables = {
        "Person": pa.table({"name": PEOPLE, "age": pa.array([30, 41, None, 25, 60, 33], pa.int64())}),
        "City": pa.table({"id": pa.array(CITIES, pa.int64()), "title": ["Oslo", "Rome"]}),
        "Point": pa.table({"number": pa.array(POINTS, pa.int64())}),
        "KNOWS": pa.table(
            {
                "a": [edge[0] for edge in KNOWS],
                "b": [edge[1] for edge in KNOWS],
                "strength": [edge[2] for edge in KNOWS],
            }
        ),
        "LIVES_IN": pa.table(
            {"a": [edge[0] for edge in LIVES_IN], "b": pa.array([e[1] for e in LIVES_IN], pa.int64())}
        ),
    }
    pairs = [(a, b) for a in POINTS for b in POINTS if a != b]
    tables["LINKS"] = pa.table(
        {"a": pa.array([a for a, _ in pairs], pa.int64()), "b": pa.array([b for _, b in pairs], pa.int64())}
    )
    files = []
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        pq.write_table(table, path)
        kind = "edge" if name.isupper() else "node"
        files.append(
            EntityFile(kind=kind, name=name, path=path.name, rows=table.num_rows, size_bytes=path.stat().st_size)
        )
    manifest = SnapshotManifest(
        snapshot_id=5,
        mapping_id=3,
        mapping_version=1,
        node_definitions=[
            NodeDefinition(
                label="Person",
                sql="SELECT 1",
                primary_key={"name": "name", "type": "STRING"},
                properties=[{"name": "age", "type": "INT64"}],
            ),
            NodeDefinition(
                label="City",
                sql="SELECT 1",
                primary_key={"name": "id", "type": "INT64"},
                properties=[{"name": "title", "type": "STRING"}],
            ),
            NodeDefinition(label="Point", sql="SELECT 1", primary_key={"name": "number", "type": "INT64"}),
        ],
        edge_definitions=[
            EdgeDefinition(
                type="KNOWS",
                from_node="Person",
                to_node="Person",
                sql="SELECT 1",
                from_key="a",
                to_key="b",
                properties=[{"name": "strength", "type": "DOUBLE"}],
            ),
            EdgeDefinition(
                type="LIVES_IN", from_node="Person", to_node="City", sql="SELECT 1", from_key="a", to_key="b"
            ),
            EdgeDefinition(type="LINKS", from_node="Point", to_node="Point", sql="SELECT 1", from_key="a", to_key="b"),
        ],
        files=files,
        load_report=LoadReport(
            snapshot_id=5,
            on_bad_rows="report",
            definitions=[
                {
                    "name": "KNOWS",
                    "type": "edge",
                    "rows_read": 8,
                    "rows_loaded": 6,
                    "rows_rejected": 2,
                    "rejected": [{"reason": "dangling_to", "rows": 1}, {"reason": "null_key", "rows": 1}],
                }
            ],
        ),
    )
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json())
    return folder


def start_process(folder: Path, snapshot: Path, control_plane_url: str, **settings) -> RunningInstance:
    folder.mkdir(parents=True, exist_ok=True)
    config = InstanceConfig(
        instance_id=7,
        snapshot_id=5,
        mapping_id=3,
        owner="ann",
        engine="kuzu",
        folder=folder,
        snapshot_folder=snapshot,
        internal_api_key=KEY,
        buffer_bytes=256 * 1024**2,
        **settings,
    )
    (folder / "config.json").write_text(config.model_dump_json())
    (folder / CONTROL_PLANE_URL_FILE).write_text(control_plane_url)
    with (folder / "instance.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "graph_olap_server.instance", "--config", str(folder / "config.json")],
            stderr=log,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
    endpoint = folder / ENDPOINT_FILE
    _until(lambda: endpoint.exists() or process.poll() is not None)
    assert process.poll() is None, (folder / "instance.log").read_text()
    return RunningInstance(process, folder, json.loads(endpoint.read_text())["url"])


def wait_until_settled(instance: RunningInstance) -> dict:
    with httpx.Client(
        base_url=instance.url, headers={"X-Internal-Api-Key": KEY}, trust_env=False, verify=False
    ) as client:
        _until(lambda: client.get("/status").json()["status"] in ("running", "failed"))
        return client.get("/status").json()


def _until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def control_plane():
    double = ControlPlaneDouble()
    yield double
    double.close()


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    return write_snapshot(tmp_path_factory.mktemp("snapshots") / "5")


@pytest.fixture(scope="session")
def instance(tmp_path_factory, snapshot, control_plane):
    """One instance for all tests that leave it as they found it."""
    running = start_process(tmp_path_factory.mktemp("instances") / "7", snapshot, control_plane.url)
    assert wait_until_settled(running)["status"] == "running", (running.folder / "instance.log").read_text()
    yield running
    running.stop()


@pytest.fixture
def client(instance):
    with instance.client() as client:
        yield client


@pytest.fixture
def start(tmp_path, control_plane):
    """Start further instances; they are stopped after the test."""
    started = []

    def start(snapshot_folder, url=None, **settings):
        running = start_process(
            tmp_path / f"instance-{len(started)}", snapshot_folder, url or control_plane.url, **settings
        )
        started.append(running)
        return running

    def again(instance, snapshot_folder):
        """Start the process of an instance that has ended again, with what it left."""
        (instance.folder / ENDPOINT_FILE).unlink(missing_ok=True)
        running = start_process(instance.folder, snapshot_folder, control_plane.url, resumes=True)
        started.append(running)
        return running

    start.again = again
    yield start
    for running in started:
        running.stop()


@pytest.fixture
def settled():
    """Wait until an instance is running or failed and return its status."""
    return wait_until_settled


@pytest.fixture
def until():
    """Wait for a condition."""
    return _until


@pytest.fixture
def slow_query():
    """A statement that runs for hours."""
    return SLOW_QUERY
