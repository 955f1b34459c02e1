"""Results on their way: compressed on request, listed and cancelled while they stream; schema samples, status."""

import asyncio
import io
import json
import signal
import subprocess
import sys
import threading

import pyarrow as pa
import pytest
from graph_olap_server.domain.instance_config import CPU_CORES_FILE
from graph_olap_server.instance.queries import ArrowReply
from graph_olap_server.instance.routes.queries import ArrowResponse
from starlette.requests import ClientDisconnect

ARROW = "application/vnd.apache.arrow.stream"
MANY = "MATCH (a:Point), (b:Point), (c:Point), (d:Point), (e:Point), (f:Point) RETURN a.number, c.number, f.number"
_MANY_ROWS = 12**6


def ask(client, query, *, compression=None, query_id=None, **fields):
    headers = {"Accept": ARROW}
    if compression is not None:
        headers["X-Arrow-Compression"] = compression
    if query_id is not None:
        headers["X-Query-Id"] = query_id
    return client.build_request("POST", "/query", json={"query": query, **fields}, headers=headers)


@pytest.mark.parametrize(
    ("asked", "used"), [(None, None), ("lz4", "lz4"), ("zstd, lz4", "zstd"), ("brotli", None), ("", None)]
)
def test_buffers_are_compressed_on_request(client, asked, used):
    reply = client.send(ask(client, "UNWIND range(1, 20000) AS x RETURN x", compression=asked))
    assert reply.headers.get("x-arrow-compression") == used
    assert pa.ipc.open_stream(reply.content).read_all().column("x").to_pylist() == list(range(1, 20001))
    assert (len(reply.content) < 100_000) == (used is not None)


def listed(client, query_id):
    return [query for query in client.get("/queries").json()["queries"] if query["query_id"] == query_id]


def test_a_streaming_query_is_listed_with_its_rows_and_can_be_cancelled(client, instance, until):
    with instance.client() as other:
        reply = client.send(ask(client, MANY, query_id="stream-1"), stream=True)
        assert reply.status_code == 200, reply.read()
        (query,) = listed(other, "stream-1")
        assert query["user_name"] == "ann"
        assert query["state"] == "streaming"
        assert 0 <= query["row_count"] < _MANY_ROWS
        assert query["started_at"]
        assert other.delete("/queries/stream-1").json() == {"query_id": "stream-1", "cancelled": True}
        reader = pa.ipc.open_stream(io.BytesIO(reply.read()))
        rows, error = 0, None
        while error is None:
            batch, metadata = reader.read_next_batch_with_custom_metadata()
            rows += batch.num_rows
            error = dict(metadata or {}).get(b"graph_olap.error")
        assert json.loads(error)["error"]["code"] == "REQUEST_TIMEOUT"
        assert rows < _MANY_ROWS
        until(lambda: not listed(other, "stream-1"))


def test_a_reader_that_goes_away_ends_the_query(client, instance, until):
    with instance.client() as reader:
        reply = reader.send(ask(reader, MANY, query_id="stream-2"), stream=True)
        assert listed(client, "stream-2")
        reply.close()
        until(lambda: not listed(client, "stream-2"))


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_rows_are_freed_when_the_client_is_gone_before_the_first_byte(version):
    closed = []
    reply = ArrowReply(iter([b"rows"]), 1, 1, False, lambda: closed.append(True))

    async def receive():
        return {"type": "http.disconnect"}

    async def send(_message):
        raise OSError("gone")

    async def main():
        with pytest.raises((OSError, ClientDisconnect, ExceptionGroup)):
            await ArrowResponse(reply, {})({"type": "http", "asgi": {"spec_version": version}}, receive, send)

    asyncio.run(main())
    assert closed == [True]


def test_a_whole_stream_is_not_listed_afterwards(client, until):
    client.send(ask(client, "RETURN 1", query_id="stream-3"))
    until(lambda: not listed(client, "stream-3"))


def test_the_schema_shows_values_and_follows_what_algorithms_write(client, until):
    def person():
        return next(table for table in client.get("/schema").json()["node_tables"] if table["label"] == "Person")

    assert person()["samples"] | {"name": ["ann", "bob", "cem"], "age": [30, 41, 25]} == person()["samples"]
    (knows,) = (table for table in client.get("/schema").json()["edge_tables"] if table["type"] == "KNOWS")
    assert set(knows["samples"]["strength"]) <= {1.0, 2.0, 1.5, 4.0}
    assert client.post("/algo/pagerank", json={"node_label": "Person", "result_property": "pr"}).status_code == 200
    assert len(person()["samples"]["pr"]) > 0
    client.delete("/algo/properties/Person/pr")
    assert "pr" not in person()["samples"]


def test_the_status_names_engine_version_and_sizes(client):
    status = client.get("/status").json()
    assert status["engine"] == "kuzu"
    assert status["engine_version"][0].isdigit()
    assert status["threads"] == 2
    assert status["memory_usage_bytes"] > 10**6
    assert status["disk_usage_bytes"] > 0
    assert (status["node_count"], status["edge_count"]) == (20, 140)
    assert status["uptime_seconds"] >= 0


def test_the_number_of_threads_changes_while_the_instance_runs(start, snapshot, settled):
    running = start(snapshot)
    settled(running)
    with running.client() as client:
        (running.folder / CPU_CORES_FILE).write_text("1")
        assert client.get("/status").json()["threads"] == 1
        profile = {"query": "CALL current_setting('threads') RETURN *"}
        reply = client.post("/query", json=profile).json()
        if "rows" in reply:
            assert reply["rows"] == [["1"]]


ANALYST = """
import sys
from graph_olap import InstanceConnection
with InstanceConnection(sys.argv[1], username="ann") as conn:
    try:
        if sys.argv[3] == "query":
            conn.query(sys.argv[2], query_id="mine", timeout=600)
        else:
            for _ in conn.stream(sys.argv[2], query_id="mine", timeout=600):
                pass
    except KeyboardInterrupt:
        print(conn.query_scalar("RETURN 1"), flush=True)
"""


@pytest.mark.parametrize("method", ["query", "stream"])
def test_the_stop_button_ends_the_query_and_the_connection_goes_on(client, instance, slow_query, until, method):
    """What Jupyter's stop button sends is SIGINT."""
    process = subprocess.Popen(
        [sys.executable, "-c", ANALYST, instance.url, slow_query, method], stdout=subprocess.PIPE, text=True
    )
    until(lambda: [query["state"] for query in listed(client, "mine")] == ["running"])
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=20)
    assert (printed, process.returncode) == ("1\n", 0)
    until(lambda: not listed(client, "mine"))


MILLION = "UNWIND range(1, 1000) AS a UNWIND range(1, 1000) AS b "


def test_rows_of_long_lists_are_encoded_in_pieces(client):
    body = {"query": "UNWIND range(1, 3000) AS a RETURN a, range(a, a + 999) AS numbers ORDER BY a"}
    rows = client.post("/query", json=body).json()["rows"]
    assert rows == [[a, list(range(a, a + 1000))] for a in range(1, 3001)]


def test_a_row_of_more_values_than_fit_is_refused(client):
    reply = client.post("/query", json={"query": "UNWIND range(1, 11) AS a RETURN collect(range(1, 1000000)) AS x"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "RESULT_TOO_LARGE")


def test_a_query_whose_rows_are_being_encoded_can_be_cancelled(client, instance, until):
    replies = []
    columns = ", ".join(f"a * b + {number} AS c{number}" for number in range(12))

    def run():
        with instance.client() as own:
            replies.append(
                own.post("/query", json={"query": f"{MILLION}RETURN {columns}"}, headers={"X-Query-Id": "wide"})
            )

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: [query["state"] for query in client.get("/queries").json()["queries"]] == ["encoding"])
    assert client.delete("/queries/wide").status_code == 200
    thread.join(30)
    assert (replies[0].status_code, replies[0].json()["error"]["code"]) == (408, "REQUEST_TIMEOUT")
    assert "cancelled" in replies[0].json()["error"]["message"]


def test_memory_that_a_large_result_needed_is_given_back(client, until):
    body = {"query": "UNWIND range(1, 8) AS c " + MILLION + "RETURN collect(a * b * c) AS numbers"}
    assert len(client.post("/query", json=body, timeout=120).json()["rows"][0][0]) == 8_000_000
    until(lambda: client.get("/status").json()["memory_usage_bytes"] < 700 * 1024**2)


def test_what_arrow_cannot_hold_is_an_error_and_no_broken_stream(client):
    query = "RETURN CAST('170141183460469231731687303715884105727' AS INT128) AS big"
    reply = client.post("/query", json={"query": query}, headers={"Accept": ARROW})
    assert (reply.status_code, reply.json()["error"]["details"]["kind"]) == (400, "runtime")
    assert "The column big holds whole numbers of more than 38 digits" in reply.json()["error"]["message"]
    assert client.get("/queries").json()["total_count"] == 0
    assert client.post("/query", json={"query": query}).json()["rows"] == [[2**127 - 1]]
