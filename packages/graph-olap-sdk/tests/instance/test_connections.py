"""Queries over JSON and Arrow, typed values, errors in the middle of a result."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
from decimal import Decimal

import httpx
import pytest

from graph_olap import exceptions

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

ARROW = "application/vnd.apache.arrow.stream"


def _stream(table, *, end=True, error=None, schema_metadata=None):
    sink = pa.BufferOutputStream()
    schema = table.schema.with_metadata(schema_metadata)
    writer = pa.ipc.new_stream(sink, schema)
    for batch in table.to_batches():
        writer.write_batch(batch)
    if error is not None:
        empty = pa.RecordBatch.from_pylist([], schema=table.schema)
        writer.write_batch(empty, custom_metadata={"graph_olap.error": json.dumps(error)})
    if end:
        writer.close()
    return sink.getvalue().to_pybytes()


def _arrow(body):
    return httpx.Response(200, content=body, headers={"Content-Type": ARROW, "X-Request-ID": "r-9"})


TABLE = pa.table(
    {
        "n": pa.array([1, None], pa.int64()),
        "price": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        "at": pa.array([dt.datetime(2024, 5, 1, tzinfo=dt.timezone.utc), None], pa.timestamp("us", "UTC")),
        "tags": pa.array([["a", "b"], None], pa.list_(pa.string())),
    }
)


def test_a_query_sends_its_parameters_and_limits(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/query", wire.result(["x"], ["INT64"], [[1]]))
    result = conn.query("RETURN $x AS x", {"x": dt.date(2024, 5, 1)}, timeout=2.5, max_rows=10, query_id="mine")
    (sent,) = platform.sent
    assert sent.body == {
        "query": "RETURN $x AS x",
        "parameters": {"x": {"$type": "DATE", "value": "2024-05-01"}},
        "timeout_ms": 2500,
        "max_rows": 10,
    }
    assert sent.headers["X-Query-Id"] == "mine"
    assert sent.headers["X-Username"] == "ada"
    assert "Idempotency-Key" not in sent.headers
    assert list(result) == [{"x": 1}]


def test_the_read_timeout_lies_above_the_query_timeout(platform, wire, conn):
    seen = []

    def answer(request):
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json=wire.result(["x"], ["INT64"], [[1]]))

    conn._shared._client._transport = httpx.MockTransport(answer)
    conn.query("RETURN 1", timeout=600)
    conn.query("RETURN 1")
    assert seen[0] >= 605
    assert seen[1] >= 60


def test_values_are_converted_by_column_type_and_never_by_their_looks(platform, wire, conn):
    reply = wire.result(
        ["s", "d", "t", "p", "l"],
        ["STRING", "DATE", "TIMESTAMP", "DECIMAL(10,2)", "LIST<DATE>"],
        [["2024-05-01", "2024-05-01", "2024-05-01T10:00:00.250000Z", "1.50", ["2024-05-01", None]]],
    )
    platform.on("POST", "/graphs/3f0c/query", reply)
    day = dt.date(2024, 5, 1)
    instant = dt.datetime(2024, 5, 1, 10, 0, 0, 250000, tzinfo=dt.timezone.utc)
    assert conn.query("Q").rows == [["2024-05-01", day, instant, Decimal("1.50"), [day, None]]]
    assert conn.query("Q", coerce_types=False).rows == reply["rows"]


NODE = {"_id": 17, "_label": "Account", "id": "A1", "opened": "2024-05-01", "balance": "80.00", "note": "2024-05-01"}
REL = {"_id": 4, "_type": "PAID", "_src": 17, "_dst": 42, "at": "2024-05-01T10:00:00"}


def test_properties_of_nodes_are_typed_by_the_schema_which_is_read_once(platform, wire, conn):
    path = {"_nodes": [NODE], "_rels": [REL], "_length": 1}
    reply = wire.result(["n", "r", "p", "l"], ["NODE", "REL", "PATH", "LIST<NODE>"], [[NODE, REL, path, [NODE, None]]])
    platform.on("POST", "/graphs/3f0c/query", reply)
    platform.on("GET", "/graphs/3f0c/schema", wire.schema())
    row = conn.query("Q")[0]
    assert row["n"]["opened"] == dt.date(2024, 5, 1)
    assert row["n"]["balance"] == Decimal("80.00")
    assert row["n"]["note"] == "2024-05-01"
    assert row["r"]["at"] == dt.datetime(2024, 5, 1, 10)
    assert row["p"]["_nodes"][0] == row["n"] == row["l"][0]
    conn.query("Q")
    assert platform.paths("GET") == ["/graphs/3f0c/schema"]


def test_a_property_written_by_an_algorithm_makes_the_schema_be_read_again(platform, wire, conn):
    platform.on("GET", "/graphs/3f0c/schema", wire.schema())
    conn.get_schema()
    newer = wire.schema()
    newer["node_tables"][0]["properties"]["last_seen"] = "DATE"
    platform.on("GET", "/graphs/3f0c/schema", newer)
    node = {**NODE, "last_seen": "2024-05-02"}
    platform.on("POST", "/graphs/3f0c/query", wire.result(["n"], ["NODE"], [[node]]))
    assert conn.query_scalar("Q")["last_seen"] == dt.date(2024, 5, 2)


def test_scalar_and_one_row(platform, wire, conn):
    two = wire.result(["x"], ["INT64"], [[1], [2]])
    platform.on("POST", "/graphs/3f0c/query", two)
    with pytest.raises(ValueError, match="found 2 rows and 1 columns"):
        conn.query_scalar("Q")
    with pytest.raises(ValueError, match="at most one row, found 2"):
        conn.query_one("Q")
    platform.on("POST", "/graphs/3f0c/query", wire.result(["x"], ["INT64"], []))
    assert conn.query_one("Q") is None
    platform.on("POST", "/graphs/3f0c/query", wire.result(["x"], ["INT64"], [[7]]))
    assert conn.query_one("Q") == {"x": 7}


def test_arrow_goes_straight_into_polars(platform, conn):
    platform.on("POST", "/graphs/3f0c/query", _arrow(_stream(TABLE)))
    df = conn.query_df("Q")
    assert platform.sent[0].headers["Accept"].startswith(ARROW)
    assert isinstance(df, pl.DataFrame)
    assert df.schema["n"] == pl.Int64
    assert df.schema["price"] == pl.Decimal(10, 2)
    assert df.schema["at"] == pl.Datetime("us", "UTC")
    assert df["tags"].to_list() == [["a", "b"], None]


def test_arrow_goes_into_pandas_without_changing_types(platform, conn):
    platform.on("POST", "/graphs/3f0c/query", _arrow(_stream(TABLE)))
    df = conn.query_df("Q", backend="pandas")
    assert isinstance(df, pd.DataFrame)
    assert df["n"].tolist()[0] == 1
    assert df["n"].isna().tolist() == [False, True]
    assert str(df["n"].dtype) == "int64[pyarrow]"
    assert df["price"][0] == Decimal("1.50")
    assert str(df["at"].dtype) == "timestamp[us, tz=UTC][pyarrow]"


@pytest.mark.parametrize("backend", ["polars", "pandas"])
def test_a_server_that_answers_json_gives_the_same_frame(platform, wire, conn, backend):
    reply = wire.result(["n", "d"], ["INT64", "DATE"], [[1, "2024-05-01"], [None, None]])
    platform.on("POST", "/graphs/3f0c/query", reply)
    df = conn.query_df("Q", backend=backend)
    assert df["d"][0] == dt.date(2024, 5, 1)
    assert "int64" in str(df["n"].dtype).lower()


def test_an_empty_arrow_result_keeps_its_columns(platform, conn):
    platform.on("POST", "/graphs/3f0c/query", _arrow(_stream(TABLE.slice(0, 0))))
    df = conn.query_df("Q")
    assert (df.height, df.columns) == (0, ["n", "price", "at", "tags"])


@pytest.mark.parametrize("cut", [8, 9, 200])
def test_a_stream_without_its_end_raises(platform, conn, cut):
    platform.on("POST", "/graphs/3f0c/query", _arrow(_stream(TABLE)[:-cut]))
    with pytest.raises(exceptions.ConnectionError, match="cut"):
        conn.query_df("Q")


def test_every_possible_cut_raises(platform, conn):
    body = _stream(TABLE)
    for length in range(0, len(body), 7):
        platform.on("POST", "/graphs/3f0c/query", _arrow(body[:length]))
        with pytest.raises(exceptions.ConnectionError):
            conn.query_df("Q")


def test_an_error_after_the_first_rows_raises_its_class(platform, conn):
    error = {"error": {"code": "QUERY_TIMEOUT", "message": "Stopped after 55 s.", "details": {"timeout_ms": 55000}}}
    for end in (False, True):
        platform.on("POST", "/graphs/3f0c/query", _arrow(_stream(TABLE, end=end, error=error)))
        with pytest.raises(exceptions.QueryTimeoutError, match="Stopped after 55 s") as caught:
            conn.query_df("Q")
        assert caught.value.request_id == "r-9"
    in_schema = _stream(TABLE, end=False, schema_metadata={"graph_olap.error": json.dumps(error)})
    platform.on("POST", "/graphs/3f0c/query", _arrow(in_schema))
    with pytest.raises(exceptions.QueryTimeoutError):
        conn.query_df("Q")


def test_a_wrong_backend_is_refused_before_the_query_runs(platform, conn):
    with pytest.raises(exceptions.ValidationError, match="'polars' or 'pandas'"):
        conn.query_df("Q", backend="spark")
    assert platform.sent == []


def test_a_missing_package_is_named_with_its_command(conn, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'graph-olap-sdk\[dataframe\]'"):
        conn.query_df("Q")


def test_cypher_errors_carry_their_kind(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/query", wire.error(400, "RYUGRAPH_ERROR", "Unknown label", kind="binder"))
    with pytest.raises(exceptions.RyugraphError) as caught:
        conn.query("MATCH (n:Nope) RETURN n")
    assert caught.value.details["kind"] == "binder"


def test_status_lock_schema_and_queries(platform, wire, conn):
    platform.on("GET", "/graphs/3f0c/schema", wire.schema())
    platform.on("GET", "/graphs/3f0c/lock", {"lock": {"locked": True, "holder_name": "bob"}})
    platform.on("GET", "/graphs/3f0c/status", {"status": "running"})
    started = "2025-03-01T08:15:00Z"
    query = {"query_id": "q 1", "user_name": "ada", "query": "Q", "started_at": started, "elapsed_ms": 5}
    platform.on("GET", "/graphs/3f0c/queries", {"queries": [query]})
    platform.on("DELETE", "/graphs/3f0c/queries/.*", httpx.Response(204))
    platform.on("DELETE", "/graphs/3f0c/algo/properties/Account/pr", httpx.Response(204))
    assert conn.get_schema().node_labels == {"Account": ["id", "opened", "balance", "note"]}
    assert conn.get_lock().holder_name == "bob"
    assert conn.status()["status"] == "running"
    assert conn.queries()[0].query_id == "q 1"
    conn.cancel("q 1")
    conn.remove_property("Account", "pr")


def test_a_closed_connection_says_so_and_leaves_the_client_open(platform, wire, client, conn):
    with conn:
        pass
    with pytest.raises(exceptions.InvalidStateError, match="connection is closed"):
        conn.query("Q")
    with pytest.raises(exceptions.InvalidStateError):
        conn.algo.wcc()
    assert client.instances.get(12).id == 12


def test_the_asynchronous_connection_gives_the_same(platform, wire):
    platform.on("GET", "/api/instances/12", wire.data(wire.instance()))
    platform.on("GET", "/graphs/3f0c/health", {"status": "healthy"})
    platform.on("POST", "/graphs/3f0c/query", _arrow(_stream(TABLE)))

    async def run():
        async with platform.async_client() as client, await client.instances.connect(12) as conn:
            return await conn.query_df("Q")

    assert asyncio.run(run())["n"].to_list() == [1, None]


def test_an_instance_that_is_gone_is_named_with_the_call_that_tells_why(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/query", httpx.ConnectError("refused"))
    with pytest.raises(exceptions.ConnectionError) as caught:
        conn.query("RETURN 1")
    assert "client.instances.get(" in str(caught.value)
    assert "graph-olap serve" not in str(caught.value)


def test_an_instance_that_was_terminated_is_not_waited_for(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/query", *[httpx.ConnectError("refused")] * 9)
    platform.on("GET", "/api/instances/12", wire.error(404, "RESOURCE_NOT_FOUND", "Instance 12 does not exist."))
    with pytest.raises(exceptions.NotFoundError, match="Instance 12 does not exist any more") as caught:
        conn.query("RETURN 1")
    assert "client.instances.list()" in str(caught.value)
    assert platform.slept == []
    assert len(platform.paths("POST")) == 1


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"status": "suspended"}, exceptions.InvalidStateError, "client.instances.resume(12)"),
        ({"status": "resuming"}, exceptions.InvalidStateError, "client.instances.wait_until_running(12)"),
        ({"status": "failed", "error_message": "It used 2 GB."}, exceptions.ConnectionError, "It used 2 GB."),
        ({"instance_url": "http://other.test"}, exceptions.ConnectionError, "client.instances.connect(12)"),
    ],
)
def test_who_knows_why_an_instance_is_away_does_not_wait_for_it(platform, wire, conn, changes, error, words):
    platform.on("POST", "/graphs/3f0c/query", *[httpx.ConnectError("refused")] * 9)
    platform.on("GET", "/api/instances/12", wire.data(wire.instance(**changes)))
    with pytest.raises(error) as caught:
        conn.query("RETURN 1")
    assert words in str(caught.value)
    assert platform.slept == []
    assert len(platform.paths("POST")) == 1


def test_an_instance_that_may_come_back_is_waited_for(platform, wire, conn):
    answer = httpx.Response(200, json=wire.result(["x"], ["INT64"], [[1]]))
    platform.on("POST", "/graphs/3f0c/query", *[httpx.ConnectError("refused")] * 2, answer)
    assert conn.query("RETURN 1").rows == [[1]]
    assert len(platform.slept) == 2
    assert platform.paths("GET") == ["/api/instances/12"] * 2


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        *[
            ("timeout", value, "a number of seconds from 1")
            for value in (0.5, 0, -1, math.nan, math.inf, "5", True, [])
        ],
        *[("max_rows", value, "a whole number from 1") for value in (0, -1, 1.5, "a", True, math.inf, 2**70)],
        *[("query_id", value, "letters, digits") for value in ("a b", "", 5, "x" * 129)],
        *[("cypher", value, "the text of a query") for value in (None, 5, b"RETURN 1")],
        *[("cypher", value, "is empty") for value in ("", " \n")],
        ("cypher", "RETURN " + "1" * 100_000, "100,007 characters; 100,000 are allowed"),
    ],
)
def test_an_argument_that_no_server_takes_is_named_before_anything_is_sent(platform, conn, argument, value, words):
    arguments = {"cypher": "RETURN 1", argument: value}
    for call in (conn.query, conn.query_df, conn.stream):
        with pytest.raises(exceptions.ValidationError, match=words) as refused:
            call(**arguments)
        assert refused.value.details["field"] == argument
        assert str(refused.value).startswith(argument)
    assert platform.sent == []


@pytest.mark.parametrize("cypher", [None, "", " "])
def test_a_plan_is_made_of_a_query_only(platform, conn, cypher):
    for call in (conn.explain, conn.profile):
        with pytest.raises(exceptions.ValidationError, match=r"^cypher "):
            call(cypher)
    assert platform.sent == []


def test_a_name_that_no_query_has_is_not_cancelled(platform, conn):
    with pytest.raises(exceptions.ValidationError, match="query_id must be"):
        conn.cancel("")
    assert platform.sent == []


def test_a_time_limit_that_the_server_refuses_is_named_as_it_was_given(platform, wire, conn):
    reason = "2000500 is out of range; 1000 to 1800000 is allowed"
    problem = {"field": "timeout_ms", "message": reason, "type": "value"}
    refusal = wire.error(
        400, "VALIDATION_FAILED", f"timeout_ms: {reason}", field="timeout_ms", reason=reason, errors=[problem]
    )
    platform.on("POST", "/graphs/3f0c/query", refusal)
    with pytest.raises(exceptions.ValidationError) as refused:
        conn.query("RETURN 1", timeout=2000.5)
    assert "timeout: 2000.5 is out of range; 1 to 1800 is allowed, in seconds" in str(refused.value)
    assert refused.value.details["field"] == "timeout"
    assert refused.value.details["errors"][0]["field"] == "timeout"
    assert "timeout_ms" not in str(refused.value.details)


@pytest.mark.parametrize(
    ("vector", "field"),
    [
        *[(wrong, "vector") for wrong in (None, [], "ab", 5)],
        *[([1.0, wrong], "vector[1]") for wrong in (None, "2", True, math.nan, math.inf, -math.inf, 1e300, 10**400)],
    ],
)
def test_vectors_that_have_no_distance_are_refused(platform, conn, vector, field):
    with pytest.raises(exceptions.ValidationError) as refused:
        conn.search_vector("Account", "near", vector)
    assert refused.value.details["field"] == field
    assert platform.sent == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((None, "x", "a"), "label"), (("A", 5, "a"), "index"), (("A", "x", None), "words"), (("A", "x", ["a"]), "words")],
)
def test_searches_for_what_is_no_text_are_refused(platform, conn, arguments, field):
    with pytest.raises(exceptions.ValidationError) as refused:
        conn.search_text(*arguments)
    assert refused.value.details["field"] == field
    assert platform.sent == []


def test_vectors_may_be_of_any_numbers(platform, wire, conn):
    platform.on("POST", "/graphs/3f0c/query", wire.result(["node", "distance"], ["NODE", "DOUBLE"], []))
    np = pytest.importorskip("numpy")
    for vector in (np.array([1, 0.5], np.float32), (1, Decimal("0.5")), iter([1, 0.5])):
        conn.search_vector("Account", "near", vector)
    assert [sent.body["parameters"]["vector"] for sent in platform.sent] == [[1.0, 0.5]] * 3
