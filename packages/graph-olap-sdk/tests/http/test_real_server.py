"""Wire behaviour against a real server: addresses with a path, keep-alive, cut bodies, nobody listening."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from graph_olap import Config, GraphOLAPClient, InstanceConnection, exceptions
from graph_olap.http import HTTPClient

pa = pytest.importorskip("pyarrow")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.seen.append((self.path, self.client_address[1]))
        if self.server.together is not None:
            self.server.together.wait(10)
        self._json({"status": "healthy", "version": "1.0.0"})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, asked["query"]))
        if asked["query"] == "echo":
            self._json({"method": self.command, **asked})
            return
        table = pa.table({"n": pa.array([1, None, 3], pa.int64())})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        body = sink.getvalue().to_pybytes()
        if asked["query"] == "RETURN cut":
            body = body[:-8]
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.apache.arrow.stream")
        self.send_header("Content-Length", str(len(body) + (100 if asked["query"] == "RETURN lost" else 0)))
        self.end_headers()
        self.wfile.write(body)
        if asked["query"] == "RETURN lost":
            self.close_connection = True

    do_PUT = do_POST

    def do_DELETE(self):
        self.server.seen.append((self.path, None))
        self.send_response(204)
        self.end_headers()

    def _json(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@pytest.fixture
def server():
    server = _Server(("127.0.0.1", 0), _Handler)
    server.seen = []
    server.together = None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def address(server):
    return f"http://127.0.0.1:{server.server_port}"


def test_calls_share_one_connection(server, address):
    with GraphOLAPClient(address + "/", username="ada") as client:
        assert client.health.check().version == "1.0.0"
        client.health.ready()
    assert [path for path, _ in server.seen] == ["/health", "/ready"]
    assert len({port for _, port in server.seen}) == 1


def test_every_thread_that_goes_on_asking_keeps_its_connection(server, address):
    threads = 110
    server.together = threading.Barrier(threads)  # nobody is answered before all have asked
    with GraphOLAPClient(address, username="ada") as client, ThreadPoolExecutor(threads) as pool:
        for _ in range(2):
            list(pool.map(lambda _: client.health.check(), range(threads)))
    assert len(server.seen) == 2 * threads
    assert len({port for _, port in server.seen}) == threads


def test_an_address_with_a_path_keeps_it(server, address):
    with GraphOLAPClient(address + "/platform/", username="ada") as client:
        client.health.check()
    assert server.seen[0][0] == "/platform/health"


def test_a_connection_works_alone(server, address):
    with InstanceConnection(f"{address}/graphs/1", api_key="k", instance_id=1) as conn:
        assert conn.query_df("RETURN n", backend="polars")["n"].to_list() == [1, None, 3]
    assert server.seen[0][0] == "/graphs/1/query"
    with pytest.raises(exceptions.InvalidStateError, match="closed"):
        conn.query("RETURN 1")


@pytest.mark.parametrize("query", ["RETURN cut", "RETURN lost"])
def test_a_cut_result_is_never_taken_for_a_whole_one(server, address, query):
    with InstanceConnection(address) as conn, pytest.raises(exceptions.ConnectionError):
        conn.query_df(query)
    assert len(server.seen) == 1


def test_nobody_listening():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        GraphOLAPClient(f"http://127.0.0.1:{port}", max_retries=0) as client,
        pytest.raises(exceptions.ConnectionError, match=f"127.0.0.1:{port} could not be reached"),
    ):
        client.health.check()


def test_the_parts_of_a_request(server, address):
    http = HTTPClient(Config(address))
    assert http.request("GET", "/a", {"x": 1, "none": None})["status"] == "healthy"
    assert http.request("POST", "/b", json={"query": "echo"}) == {"method": "POST", "query": "echo"}
    assert http.get("/c", {"y": True})["status"] == "healthy"
    assert http.post("/d", {"query": "echo"})["method"] == "POST"
    assert http.put("/e", {"query": "echo"})["method"] == "PUT"
    assert http.delete("/f") == {}
    http.close()
    assert http.is_closed
    assert [path for path, _ in server.seen] == ["/a?x=1", "/b", "/c?y=true", "/d", "/e", "/f"]
