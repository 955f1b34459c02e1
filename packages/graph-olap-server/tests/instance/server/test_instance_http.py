"""The routes of a running instance, over HTTP."""

import io
import threading
import time

import httpx
import pyarrow as pa
import pytest
from graph_olap_server.domain.instance_config import InstanceConfig

ARROW = {"Accept": "application/vnd.apache.arrow.stream"}


def query(client, text, headers=None, **body):
    return client.post("/query", json={"query": text, **body}, headers=headers)


def code_of(reply):
    return reply.json()["error"]["code"]


def test_probes_need_no_identity(instance):
    with httpx.Client(base_url=instance.url, trust_env=False) as anonymous:
        health = anonymous.get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "healthy")
        assert anonymous.get("/ready/").status_code == 200


def test_status_tells_what_was_loaded(client):
    status = client.get("/status").json()
    assert status["status"] == "running"
    assert (status["instance_id"], status["snapshot_id"], status["owner_id"]) == ("7", "5", "ann")
    assert status["graph_stats"] == {"node_count": 20, "edge_count": 140}
    assert status["dangling_edges"] == {"KNOWS": 1}
    assert status["memory_usage_bytes"] > 10_000_000
    assert status["disk_usage_bytes"] > 0
    assert status["started_at"].endswith("Z")
    progress = status["progress"]
    assert progress["phase"] == "ready"
    assert [step["status"] for step in progress["steps"]] == ["completed"] * 7
    rows = {step["name"]: step["row_count"] for step in progress["steps"]}
    assert rows["Person"] == 6
    assert rows["LINKS"] == 132


def test_schema_and_lock(client):
    schema = client.get("/schema").json()
    assert {table["label"]: table["node_count"] for table in schema["node_tables"]} == {
        "Person": 6,
        "City": 2,
        "Point": 12,
    }
    assert client.get("/lock").json()["lock"]["locked"] is False


def test_query_replies_with_columns_types_and_rows(client):
    reply = query(
        client,
        "MATCH (a:Person)-[k:KNOWS]->(b) WHERE k.strength >= $least RETURN a.name, b.name AS friend, k.strength "
        "ORDER BY k.strength DESC, friend LIMIT 2",
        parameters={"least": 1.5},
    )
    assert reply.status_code == 200
    assert reply.headers["x-query-id"]
    body = reply.json()
    assert body["columns"] == ["a.name", "friend", "k.strength"]
    assert body["column_types"] == ["STRING", "STRING", "DOUBLE"]
    assert body["rows"] == [["dan", "eve", 4.0], ["ann", "bob", 2.0]]
    assert (body["row_count"], body["truncated"]) == (2, False)
    assert body["execution_time_ms"] >= 0


def test_nodes_are_encoded_with_their_label_and_key(client):
    body = query(client, "MATCH (n) WHERE label(n) = 'City' RETURN n ORDER BY n.id").json()
    assert [(row[0]["_label"], row[0]["id"]) for row in body["rows"]] == [("City", 10), ("City", 20)]


def test_empty_result_keeps_its_columns(client):
    body = query(client, "MATCH (p:Person {name: 'nobody'}) RETURN p.age").json()
    assert (body["columns"], body["column_types"], body["rows"]) == (["p.age"], ["INT64"], [])


def test_max_rows_cuts_and_says_so(client):
    body = query(client, "UNWIND range(1, 20000) AS x RETURN x", max_rows=10_000).json()
    assert (body["row_count"], body["truncated"], len(body["rows"])) == (10_000, True, 10_000)
    assert body["rows"][-1] == [10_000]


@pytest.mark.parametrize("rows", [0, 1, 100_000])
def test_arrow_stream_equals_json(client, rows):
    reply = query(client, f"UNWIND range(1, {rows}) AS x RETURN x, x * 0.5 AS half", headers=ARROW)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == ARROW["Accept"]
    assert reply.headers["x-row-count"] == str(rows)
    table = pa.ipc.open_stream(io.BytesIO(reply.content)).read_all()
    assert table.column("x").to_pylist() == list(range(1, rows + 1))


def test_arrow_respects_max_rows(client):
    reply = query(client, "UNWIND range(1, 100000) AS x RETURN x", headers=ARROW, max_rows=70_000)
    assert reply.headers["x-truncated"] == "true"
    assert pa.ipc.open_stream(io.BytesIO(reply.content)).read_all().num_rows == 70_000


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": "  "}, "query"),
        ({"query": 5}, "query"),
        ({"query": "RETURN 1", "timeout_ms": 999}, "timeout_ms"),
        ({"query": "RETURN 1", "timeout_ms": True}, "timeout_ms"),
        ({"query": "RETURN 1", "max_rows": 0}, "max_rows"),
        ({"query": "RETURN 1", "parameters": [1]}, "parameters"),
    ],
)
def test_bad_bodies_name_the_field(client, body, field):
    reply = client.post("/query", json=body)
    assert (reply.status_code, code_of(reply)) == (400, "VALIDATION_FAILED")
    assert reply.json()["error"]["details"]["field"] == field


def test_unreadable_bodies_are_refused(client):
    broken = client.post("/query", content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, code_of(broken)) == (400, "VALIDATION_FAILED")
    other = client.post("/query", content=b"query=1", headers={"Content-Type": "text/plain"})
    assert (other.status_code, code_of(other)) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MATCH (n RETURN n", "syntax"),
        ("MATCH (n:Persn) RETURN n", "binder"),
        ("CREATE (:Person {name: 'x'})", "write_not_allowed"),
        ("RETURN 1; RETURN 2", "statement_not_allowed"),
        ("RETURN $missing", "parameter"),
    ],
)
def test_wrong_cypher_says_what_kind_of_wrong(client, text, kind):
    reply = query(client, text)
    assert (reply.status_code, code_of(reply)) == (400, "RYUGRAPH_ERROR")
    assert reply.json()["error"]["details"]["kind"] == kind
    assert "Traceback" not in reply.text


def test_unknown_route_and_method_use_the_envelope(client):
    assert (client.get("/nothing").status_code, code_of(client.get("/nothing"))) == (404, "RESOURCE_NOT_FOUND")
    assert (client.get("/query").status_code, code_of(client.get("/query"))) == (405, "METHOD_NOT_ALLOWED")


def test_time_limit_stops_a_query(client, slow_query):
    started = time.monotonic()
    reply = query(client, slow_query, timeout_ms=1000)
    assert (reply.status_code, code_of(reply)) == (408, "QUERY_TIMEOUT")
    assert time.monotonic() - started < 4


def test_running_queries_are_listed_and_cancelled(client, instance, slow_query, until):
    replies = []

    def run():
        with instance.client() as own:
            replies.append(query(own, slow_query, headers={"X-Query-Id": "slow-one"}))

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: any(entry["state"] == "running" for entry in client.get("/queries").json()["queries"]))
    (entry,) = client.get("/queries").json()["queries"]
    assert (entry["query_id"], entry["user_name"]) == ("slow-one", "ann")
    duplicate = query(client, "RETURN 1", headers={"X-Query-Id": "slow-one"})
    assert (duplicate.status_code, code_of(duplicate)) == (409, "ALREADY_EXISTS")
    with instance.client("guest") as guest:
        assert guest.get("/queries").json()["queries"] == []
        assert guest.delete("/queries/slow-one").status_code == 403
    assert client.delete("/queries/slow-one").json() == {"query_id": "slow-one", "cancelled": True}
    thread.join(5)
    assert (replies[0].status_code, code_of(replies[0])) == (408, "REQUEST_TIMEOUT")
    assert client.delete("/queries/slow-one").status_code == 404


def test_a_dropped_connection_cancels_its_query(client, instance, slow_query, until):
    with instance.client() as leaving, pytest.raises(httpx.ReadTimeout):
        leaving.post("/query", json={"query": slow_query}, timeout=0.3)
    until(lambda: client.get("/queries").json()["total_count"] == 0, 5)


def test_health_answers_while_every_slot_is_busy(instance, client, slow_query, until):
    def run():
        with instance.client() as own:
            query(own, slow_query)

    slots = InstanceConfig.model_fields["query_concurrency"].default
    threads = [threading.Thread(target=run) for _ in range(slots + 1)]
    for thread in threads:
        thread.start()
    until(lambda: client.get("/queries").json()["total_count"] == slots + 1)
    states = sorted(entry["state"] for entry in client.get("/queries").json()["queries"])
    assert states == ["queued", *["running"] * slots]
    started = time.monotonic()
    assert client.get("/health").status_code == 200
    assert time.monotonic() - started < 0.5
    while entries := client.get("/queries").json()["queries"]:
        client.delete(f"/queries/{entries[0]['query_id']}")
    for thread in threads:
        thread.join(10)


def test_ids_of_requests_come_back(client):
    reply = client.get("/health", headers={"X-Request-ID": "abc-1"})
    assert reply.headers["x-request-id"] == "abc-1"
