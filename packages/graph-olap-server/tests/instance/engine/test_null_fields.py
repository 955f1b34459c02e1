"""A field of null is null; graph functions take values as well (docs/reference/engines.md)."""

from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError


@pytest.fixture
def homes(files, load):
    address = "STRUCT<city STRING, place STRUCT<x INT64, y DOUBLE>>"
    rows = [
        [1, {"city": "Xanten", "place": {"x": 4, "y": 0.5}}],
        [2, {"city": "Ulm", "place": None}],
        [3, None],
    ]
    files.node("Person", ("id", "INT64"), {"address": address}, rows)
    files.node("City", ("id", "INT64"), {"name": "STRING"}, [[1, "Ulm"]])
    files.edge("KNOWS", ("Person", "Person"), {"w": "INT64"}, [[1, 2, 7], [1, 3, 8]])
    files.edge("LIVES_IN", ("Person", "City"), {}, [[2, 1]])
    return load(files)


def test_a_field_of_a_missing_struct_is_null(homes):
    everyone = "MATCH (n:Person) RETURN n.id, n.address.city AS c, n.address.place.x, n.address.place.y ORDER BY n.id"
    assert homes.rows(everyone) == [[1, "Xanten", 4, 0.5], [2, "Ulm", None, None], [3, None, None, None]]
    assert homes.rows("MATCH (n:Person) WHERE n.address.place.x = 0 RETURN n.id") == []
    assert homes.rows("MATCH (n:Person) WHERE n.address.city = '' RETURN n.id") == []
    assert homes.rows("MATCH (n:Person) WHERE n.address.place.x IS NULL RETURN n.id ORDER BY n.id") == [[2], [3]]
    passed = "MATCH (n:Person) WITH n.id AS i, n.address AS a RETURN a.city, a.place.x ORDER BY i"
    assert homes.rows(passed) == [["Xanten", 4], ["Ulm", None], [None, None]]
    grouped = "MATCH (n:Person) RETURN n.address.place.x, count(*) ORDER BY n.address.place.x"
    assert homes.rows(grouped) == [[4, 1], [None, 2]]
    absent = (
        "MATCH (n:Person) OPTIONAL MATCH (n)-[:KNOWS]->(m) WHERE m.id = 2 RETURN n.id, m.address.city ORDER BY n.id"
    )
    assert homes.rows(absent) == [[1, "Ulm"], [2, None], [3, None]]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("CASE WHEN n.id = 1 THEN n END", [[1, 0, "Person"], [None, None, None], [None, None, None]]),
        ("collect(n)[1]", [[1, 0, "Person"], [2, 1, "Person"], [3, 2, "Person"]]),
    ],
)
def test_a_node_that_an_expression_gives_has_its_properties_or_none(homes, value, wanted):
    order = "WITH n ORDER BY n.id LIMIT 9 " if value.startswith("CASE") else ""
    statement = f"MATCH (n:Person) {order}WITH n.id AS i, {value} AS z RETURN z.id, id(z), label(z) ORDER BY i"
    assert homes.rows(statement) == wanted


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("MATCH p = (:Person {id: 1})-[:KNOWS]->(:Person {id: 2}) RETURN label(nodes(p)[1])", "Person"),
        ("MATCH p = (:Person {id: 1})-[:KNOWS]->(:Person {id: 2}) RETURN type(rels(p)[1])", "KNOWS"),
        ("MATCH (:Person)-[r]->(:City) RETURN label(coalesce(r, r))", "LIVES_IN"),
        ("MATCH (a:Person)-[r]->(b) WITH collect(b) AS l UNWIND l AS x RETURN max(label(x))", "Person"),
        ("MATCH (a:Person)-[r]->(b) WITH collect(r)[1] AS r RETURN label(r) IN ['KNOWS', 'LIVES_IN']", True),
        ("MATCH p = ()-[:LIVES_IN]->() RETURN list_transform(rels(p), x -> label(x))", ["LIVES_IN"]),
        ("MATCH (n:City) WHERE EXISTS { MATCH (m)-[r]->(n) WHERE label(m) = 'Person' } RETURN n.name", "Ulm"),
        ("RETURN label(null)", None),
        ("RETURN id(null)", None),
        ("RETURN nodes(null)", None),
        ("UNWIND [null] AS m RETURN m", None),
    ],
)
def test_graph_functions_take_values(homes, statement, wanted):
    assert homes.value(statement) == wanted


@pytest.mark.parametrize("parameter", [[{"k": 1}, {"k": 2}], [{"k": 1}, None]])
def test_rows_of_a_parameter_have_their_fields(homes, parameter):
    rows = homes.rows("UNWIND $rows AS row RETURN row.k", {"rows": parameter})
    assert rows == [[item and item["k"]] for item in parameter]


def test_a_label_of_a_number_is_refused(homes):
    with pytest.raises(PlatformError, match="does not accept"):
        homes.value("MATCH (n:Person) RETURN label(n.id)")
    assert homes.value("MATCH (n:Person) RETURN count(*)") == 3


def test_a_plan_is_that_of_the_statement_which_runs(homes):
    statement = "MATCH p = (:Person)-[:KNOWS]->() RETURN label(nodes(p)[1]) AS l"
    for prefix in ("EXPLAIN", "EXPLAIN LOGICAL", "PROFILE", "explain"):
        assert "PROJECTION" in homes.value(f"{prefix} {statement}")
        union = f"{prefix} {statement} UNION MATCH (n:Person) RETURN label(n) AS l"
        assert ["PROJECTION" in plan for (plan,) in homes.rows(union)] == [True, True]
    with pytest.raises(PlatformError, match=r"\bx\b"):
        homes.rows(f"EXPLAIN {statement} UNION MATCH (n:Person) RETURN $x AS l")
    assert "CASE" not in homes.value("EXPLAIN MATCH (n:Person) RETURN n.id")
    with pytest.raises(PlatformError) as caught:
        homes.value("PROFILE MATCH (n:Person) RETURN n.address.city + '!', m.id")
    assert caught.value.details["position"] == len("PROFILE MATCH (n:Person) RETURN n.address.city + '!', ")


def test_another_name_of_what_was_not_found_sorts_as_null(social):
    statement = (
        "MATCH (a:Person) OPTIONAL MATCH (a)-[:LIVES_IN]->(c:City) RETURN c AS home, a.id AS i, count(*) AS k "
        "ORDER BY CASE WHEN home.name >= home.name THEN i END, i"
    )
    assert [row[1] for row in social.rows(statement)] == [1, 2, 3, 4]
    pattern = "MATCH (a:Person) OPTIONAL MATCH (a)-[:LIVES_IN]->(c:City)"
    named = social.rows(f"{pattern} RETURN c AS home, a.id AS i ORDER BY home.name DESC, i")
    assert [row[1] for row in named] == [2, 3, 4, 1]
