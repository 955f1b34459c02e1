"""Queries that never end or want all memory: stopped at their time, refused in words, and the process goes on."""

import pytest

GB = 1024**3
PATHS = "MATCH p = (a:Point)-[:LINKS* 1..12]->(b:Point) RETURN count(*), sum(length(p))"
MANY = "UNWIND range(1, 1000) AS a UNWIND range(1, 1000) AS b UNWIND range(1, 1000) AS c "
DELICATE = {
    "cross product": "MATCH (a:Point), (b:Point), (c:Point), (d:Point), (e:Point), (f:Point), (g:Point), (h:Point), "
    "(i:Point) WHERE a.number + b.number > c.number * d.number - e.number RETURN sum(f.number * g.number + h.number)",
    "variable length": PATHS,
    "distinct paths": PATHS.replace("count(*)", "count(DISTINCT p)"),
    "sort": MANY + "RETURN a * b * c AS x, a, b, c ORDER BY x DESC, b, a SKIP 10",
    "distinct": MANY + "RETURN count(DISTINCT a * 1000000 + b * 1000 + c)",
    "group": MANY + "WITH a * 1000000 + b * 1000 + c AS k, count(*) AS n RETURN max(n), min(k)",
    "collect": MANY + "RETURN size(collect(a * b * c))",
    "all rows": MANY + "RETURN a, b, c",
    "trails": "MATCH (a:Point)-[:LINKS* TRAIL 1..25]->(b:Point) RETURN count(*)",
    "all shortest": "MATCH p = (a:Point)-[:LINKS* ALL SHORTEST 1..30]->(b:Point), (c:Point)-[:LINKS* 1..10]->(d) "
    "RETURN count(*)",
}

EXPECTED = {
    (408, "QUERY_TIMEOUT"): "time limit of 1 s",
    (500, "RYUGRAPH_ERROR"): "needs more memory than the instance has",
    (413, "RESULT_TOO_LARGE"): "Aggregate, add a LIMIT",
}


@pytest.mark.parametrize("name", DELICATE)
def test_it_is_stopped_and_the_instance_goes_on(instance, name):
    with instance.client() as client:
        reply = client.post("/query", json={"query": DELICATE[name], "timeout_ms": 1000})
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) in EXPECTED, error
        assert EXPECTED[reply.status_code, error["code"]] in error["message"]
        assert client.post("/query", json={"query": "MATCH (p:Point) RETURN count(*)"}).json()["rows"] == [[12]]
    assert instance.process.poll() is None


@pytest.mark.parametrize(
    "statement",
    [
        f"RETURN regexp_matches(repeat('a', 5000), '{'a?' * 50}(a+)+(a*)*b')",
        "UNWIND range(1, 100000) AS a RETURN sum(size(repeat('x', 10000)))",
    ],
)
def test_regular_expressions_and_long_texts_take_linear_time(client, statement):
    assert client.post("/query", json={"query": statement, "timeout_ms": 10_000}).status_code == 200


def test_what_is_too_long_to_be_built_is_refused(client):
    body = {"query": "UNWIND range(1, $n) AS x RETURN count(x)", "parameters": {"n": 10**8}}
    error = client.post("/query", json=body).json()["error"]
    assert (error["details"]["kind"], error["details"]["position"]) == ("runtime", 7)
    assert "1,000,000 are allowed" in error["message"]


def test_the_longest_time_limit_is_a_setting(start, snapshot, settled, slow_query):
    instance = start(snapshot, query_max_timeout_ms=1500)
    assert settled(instance)["status"] == "running"
    with instance.client() as client:
        refused = client.post("/query", json={"query": "RETURN 1", "timeout_ms": 1501}).json()["error"]
        assert (refused["details"]["field"], refused["message"]) == (
            "timeout_ms",
            "timeout_ms: 1501 is out of range; 1000 to 1500 is allowed",
        )
        stopped = client.post("/query", json={"query": slow_query}).json()["error"]
        assert (stopped["code"], stopped["details"]["timeout_ms"]) == ("QUERY_TIMEOUT", 1500)


def test_the_time_that_planning_takes_counts(client):
    star = "MATCH " + ", ".join(f"(a)-->(b{number})" for number in range(25)) + " RETURN 1 LIMIT 1"
    reply = client.post("/query", json={"query": star, "timeout_ms": 1000}, timeout=120)
    assert (reply.status_code, reply.json()["error"]["code"]) == (408, "QUERY_TIMEOUT")


@pytest.mark.parametrize(
    "statement",
    [
        "RETURN " + "+".join("1" * 1001) + " AS x",
        "RETURN list_transform([1], x -> " + "+".join("x" * 1000) + ") AS y",
        "RETURN " + "[" * 20 + "1" + "]" * 20 + "[1]" * 20 + " AS x",
        " UNION ALL ".join(f"RETURN {number} AS x" for number in range(250)),
        "MATCH " + ", ".join(f"(a{number}:City)" for number in range(100)) + " RETURN 1 LIMIT 1",
        "MATCH (a0:Person)" + "".join(f"-[:KNOWS]->(a{number})" for number in range(1, 26)) + " RETURN count(*)",
        "MATCH (a:Point) WHERE "
        + " AND ".join(f"EXISTS {{ MATCH (a)-[:LINKS]->(b{number}:Point) }}" for number in range(50))
        + " RETURN count(*)",
    ],
)
def test_the_longest_statements_that_are_let_through_are_answered(instance, client, statement):
    reply = client.post("/query", json={"query": statement}, timeout=120)
    assert reply.status_code == 200, reply.text
    assert instance.process.poll() is None


def test_a_table_is_sent_as_a_list_for_each_column(client):
    query = "UNWIND range(1, size($a)) AS i WITH $a[i] AS a, $b[i] AS b RETURN count(*), sum(a), max(b)"
    numbers = list(range(100_000))
    body = {"query": query, "parameters": {"a": numbers, "b": [f"{number:06}" for number in numbers]}}
    assert client.post("/query", json=body).json()["rows"] == [[100_000, sum(numbers), "099999"]]
    rows = [{"a": number, "b": str(number)} for number in numbers]
    reply = client.post("/query", json={"query": "UNWIND $rows AS r RETURN count(r.a)", "parameters": {"rows": rows}})
    assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, "parameters.rows")
    few = {"query": "UNWIND $rows AS r RETURN count(r.a)", "parameters": {"rows": rows[:2000]}}
    assert client.post("/query", json=few).json()["rows"] == [[2000]]
