"""While a property is being filled nobody sees its column, in whatever way a query looks."""

import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EdgeWrite, NodeWrite

QUERIES = [
    "MATCH (n:N) RETURN n ORDER BY n.id",
    "MATCH (n) RETURN n ORDER BY id(n)",
    "MATCH (n:N) RETURN n.*",
    "MATCH (n) RETURN n.* ORDER BY id(n)",
    "MATCH (n:N) RETURN n.* UNION ALL MATCH (n:N) RETURN n.*",
    "MATCH (n:N) RETURN *",
    "MATCH (n:N) RETURN properties(n)",
    "MATCH (n:N) RETURN keys(n)",
    "MATCH (n:N) RETURN size(keys(n)) + 1 AS k",
    "MATCH (n:N) WITH keys(n) AS k UNWIND k AS x RETURN x, count(*) ORDER BY x",
    "MATCH (n:N) RETURN any(k IN keys(n) WHERE k STARTS WITH '_')",
    "MATCH ()-[e:E]->() RETURN e",
    "MATCH ()-[e:E]->() RETURN e.*",
    "MATCH ()-[e]->() RETURN keys(e)",
    "MATCH p = (:N)-[:E*1..2]->(:N) RETURN p",
    "MATCH (n:N) RETURN to_json(n)",
    "MATCH ()-[e:E]->() RETURN to_json(e)",
    "MATCH ()-[e:E]->() RETURN CAST(e AS STRING)",
    "MATCH ()-[e:E]->() RETURN string(e)",
    "CALL table_info('N') RETURN *",
    "CALL TABLE_INFO('E') RETURN count(*)",
    "CALL table_info('E') YIELD type RETURN type",
    "CALL table_info('N') YIELD type, name AS x WHERE type = 'INT64' OR x = 'name' RETURN x",
    "CALL table_info('N') WITH name WHERE name CONTAINS 'e' RETURN collect(name)",
    "MATCH (n:N) RETURN n.`_internal_new_p`",
    "MATCH (n:N) RETURN n._INTERNAL_new_p AS x",
    "MATCH (n:N {_internal_new_p: 1.0}) RETURN n.id",
    "MATCH (n) WHERE n._internal_new_p IS NULL RETURN count(*)",
    "MATCH (n:N) RETURN struct_extract(n, '_internal_new_p')",
    "MATCH (n:N) RETURN n.nope",
]
PLANS = ["EXPLAIN MATCH (n:N) RETURN n", "PROFILE MATCH (n:N) RETURN n.*", "EXPLAIN MATCH ()-[e:E]->() RETURN e"]


def test_a_query_during_a_write_answers_as_before(files, load):
    files.node("N", ("id", "INT64"), {"name": "STRING"}, [[key, "x"] for key in range(3)])
    files.node("M", ("id", "INT64"), {}, [[key] for key in range(3)])
    graph = load(files.edge("E", ("N", "N"), {"w": "INT64"}, [[0, 1, 5], [1, 2, 6]]))

    def ask(query):
        try:
            return graph.rows(query)
        except PlatformError as error:
            return error.code, error.message, error.details["kind"]

    before = {query: ask(query) for query in QUERIES}
    during = []

    def look():
        during.append({query: ask(query) for query in QUERIES})
        assert all("_internal_new" not in str(ask(plan)) for plan in PLANS)

    table = graph.engine.edges("E")
    graph.engine.write_properties(
        [
            NodeWrite("N", "p", "DOUBLE", pa.array([0, 1, 2]), pa.array([0.5, 1.5, 2.5])),
            EdgeWrite("E", "p", "DOUBLE", table, pa.array([7.0, 7.5]), 2),  # 7.0 is there from the start, as a default
        ],
        look,
    )
    assert len(during) == 4
    for seen in during[2:]:
        assert seen == before
    asked = [query for query in QUERIES if "_internal" in query.lower() and "(n)" not in query]
    assert all(before[query][2] == "binder" and "no property" in before[query][1] for query in asked)
    assert graph.rows("CALL table_info('E') RETURN name") == [["w"], ["p"]]
    assert graph.rows("MATCH (n:N) RETURN keys(n) LIMIT 1") == [[["id", "name", "p"]]]


@pytest.mark.parametrize("text", ["'_internal_new_'", "'the _internal_new_p of it'"])
def test_a_text_is_only_a_text(files, load, text):
    graph = load(files.node("N", ("id", "INT64"), {}, [[1]]))
    assert graph.rows(f"MATCH (n:N) RETURN {text} AS t") == [[text.strip("'")]]
