from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError

CASES = [
    ("MATCH (p:Persom) RETURN p", "binder", "no label or relationship type Persom. Did you mean Person?", 9),
    ("MATCH (p:Person)-[:KNOW]->() RETURN p", "binder", "type KNOW. Did you mean KNOWS?", 19),
    ("MATCH (p:Person) RETURN p.nme", "binder", "no property nme on p. Did you mean name?", 26),
    ("MATCH (p:Person) RETURN q", "binder", "variable q is not known", 24),
    ("RETURN lenght(1)", "binder", "no function lenght. Did you mean length?", None),
    ("RETURN 1 AS x, 'a' + [1] AS y", "binder", "does not accept", None),
    ("RETURN CAST('x' AS INT64)", "runtime", 'Could not convert "x" to INT64', None),
    ("RETURN 1 / 0", "runtime", "Divide by zero", None),
    ("RETURN 9223372036854775807 + 1", "runtime", "not within INT64 range", None),
    ("MATCH (p:Person)\nRETURN p.name p.age", "syntax", "near 'p.age' (line 2, column 15)", 31),
    ("RETURN 1 +", "syntax", "at its end (line 1, column 11)", 10),
]


@pytest.mark.parametrize(("statement", "kind", "words", "position"), CASES)
def test_engine_errors_are_told_in_plain_words(social, statement, kind, words, position):
    with pytest.raises(PlatformError) as caught:
        social.result(statement)
    error = caught.value
    assert (error.code, error.details["kind"]) == ("RYUGRAPH_ERROR", kind)
    assert words in error.message
    assert error.details["position"] == position
    assert "exception" not in error.message.lower()
    assert len(error.message) < 300
    assert social.value("RETURN 1") == 1


def test_positions_are_those_of_the_text_before_parameters_were_put_in(social):
    statement = "RETURN $number AS a, $text AS b c"
    with pytest.raises(PlatformError) as caught:
        social.result(statement, {"number": 1234567890123, "text": "x"})
    assert statement[caught.value.details["position"] :] == "c"


def test_a_write_that_got_past_the_guard_is_stopped_by_the_transaction(social):
    for statement in ("CREATE (:Person {id: 9})", "MATCH (p:Person) SET p.age = 1", "DROP TABLE KNOWS"):
        with pytest.raises(PlatformError) as caught:
            social.result(statement)
        assert caught.value.details["kind"] == "write_not_allowed"
    assert social.value("MATCH (p:Person) RETURN count(*)") == 4


def test_properties_with_two_types_are_restored_or_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "INT64"}, [[1, 2**60], [2, None]])
    files.node("M", ("id", "STRING"), {"v": "STRING"}, [["x", "text"]])
    files.edge("E", ("N", "N"), {"w": "INT64"}, [[1, 2, 2**53]]).edge("F", ("N", "M"), {"w": "DOUBLE"}, [[1, "x", 0.5]])
    graph = load(files)
    nodes = sorted((row[0] for row in graph.rows("MATCH (n) RETURN n")), key=lambda node: node["_id"])
    assert [(node["id"], node["v"]) for node in nodes] == [(1, 2**60), (2, None), ("x", "text")]
    found = sorted(row[0]["w"] for row in graph.rows("MATCH ()-[r]->() RETURN r"))
    assert found == [0.5, 2**53]
    for column in ("p", "nodes(p)", "collect(m)", "[m]"):
        with pytest.raises(PlatformError, match=r"the property (id|v|w) has different types .*INT64 under N") as caught:
            graph.rows(f"MATCH p = (n:N)-[r*1..1]->(m) RETURN {column}")
        assert caught.value.details["kind"] == "runtime"
    assert sorted(graph.rows("MATCH p = (n:N)-[r*1..1]->(m) RETURN length(p), id(m)"))[0][0] == 1


def test_a_cast_with_loss_between_two_types_is_refused(files, load):
    files.node("N", ("id", "INT64"), {"v": "DOUBLE"}, [[1, 0.123456789]])
    files.node("M", ("id", "INT64"), {"v": "STRING"}, [[1, "x"]])
    graph = load(files)
    with pytest.raises(PlatformError, match=r"v has different types .*with loss"):
        graph.rows("MATCH (n) RETURN n")
    assert graph.rows("MATCH (n:N) RETURN n")[0][0]["v"] == 0.123456789


def test_helpers_of_opencypher_that_the_dialect_lacks(social):
    rows = social.rows(
        "MATCH (a:Person)-[r]->(b) RETURN DISTINCT type(r), toString(a.id) ORDER BY type(r), toString(a.id)"
    )
    assert rows == [["KNOWS", "1"], ["KNOWS", "2"], ["KNOWS", "3"], ["LIVES_IN", "1"], ["LIVES_IN", "3"]]
    assert social.rows("MATCH (a:City) RETURN label(a), count(*)") == [["City", 2]]


def test_column_names_are_those_of_the_query(social):
    result = social.result("MATCH (n:Person) RETURN count( * ), sum(n.age) AS total, n.name AS `a b`")
    assert [column.name for column in result.columns] == ["count( * )", "total", "a b"]
    result.close()
    result.close()


def test_an_id_from_a_result_finds_its_node_again(social):
    for identifier, code in social.rows("MATCH (c:City) RETURN id(c), c.code"):
        assert social.rows("MATCH (n) WHERE id(n) = $id RETURN n.code", {"id": identifier}) == [[code]]
        assert social.rows(f"MATCH (n) WHERE id(n) = {identifier} RETURN n.code") == [[code]]
        others = social.rows(
            "MATCH (n:City) WHERE id(n) <> $id AND n.code = $code RETURN n", {"id": identifier, "code": code}
        )
        assert others == []


def test_an_unknown_property_is_answered_with_those_of_its_label(social):
    for statement, known in (
        ("MATCH (n:Person)-[r:LIVES_IN]->(c:City) RETURN c.nothing", "code, name"),
        ("MATCH (n:Person) RETURN n.xyzzy", "id, name, age"),
        ("MATCH (a:Person)-[r:KNOWS]->(b) RETURN r.xyzzy", "since"),
    ):
        with pytest.raises(PlatformError) as caught:
            social.rows(statement)
        assert caught.value.message.endswith(f"Known properties are {known}."), caught.value.message


HABITS = [
    ("MATCH (n:Person) WHERE n.age != 3 RETURN n", "Write <>"),
    ("MATCH (n:Person) WHERE n.age BETWEEN 1 AND 3 RETURN n", "Write x >= low AND x <= high"),
    ("MATCH p = shortestPath((a:Person)-[*1..3]->(b:Person)) RETURN p", r"-\[\* SHORTEST 1..5\]->"),
    ("MATCH (n) WHERE n:Person RETURN n", r"Write label\(n\) = 'Label'"),
    ("MATCH (n:Person) RETURN split(n.name, ' ')", r"Write string_split\(text"),
    ("MATCH (n:Person) WHERE exists(n.age) RETURN n", "Write n.name IS NOT NULL"),
    ("MATCH (n:Person) RETURN n.name || '!'", r"Write a \+ b to join texts"),
    ("MATCH (n:Person) RETURN n.id ORDER BY rand()", "to sort by for a sample"),
    ("MATCH (a)-[r]->() RETURN startNode(r)", r"MATCH \(a\)-\[r\]->\(b\) RETURN a"),
    ("MATCH (n:Person) RETURN toInteger(n.name)", r"Write CAST\(x AS INT64\)"),
    ("RETURN date('2024-05-01').year", r"is of type DATE, which has no fields\. Write date_part\('year', "),
    ("MATCH (n:Person) RETURN n.age.year", r"n\.age is of type INT32, which has no fields\.$"),
    ("MATCH (n:Person) WHERE n.age * 2 > 1.5 RETURN n", r"Write CAST\(n.age AS INT64\) in the computation"),
    ("MATCH (n:Person) WITH n.name AS x MATCH (x)-->(b) RETURN b", r"A value of type STRING stands where a node"),
    ("RETURN date()", r"Write current_date\(\)"),
    ("RETURN timestamp()", r"Write current_timestamp\(\)"),
    ("RETURN duration('P3D')", r'"P3D" is no interval\. Write interval'),
    ("MATCH (n:Person) RETURN n {.name, .age}", r"Write \{name: n.name\}"),
    ("MATCH (n:Person) RETURN [(n)-[:KNOWS]->(m) | m.name]", r"made by collect"),
    ("MATCH (n:Person) RETURN size([(n)-[:KNOWS]->() | 1])", r"made by collect"),
    ("MATCH (n:Person) CALL { WITH n MATCH (n)-->(m) RETURN count(m) AS c } RETURN c", r"Write OPTIONAL MATCH"),
    ("MATCH (a:Person)-[:KNOWS]->{1,3}(b) RETURN b", r"Write \[:TYPE\*1\.\.3\]"),
    ("MATCH (a:Person)-[:KNOWS]->+(b) RETURN b", r"Write \[:TYPE\*1\.\.3\]"),
    ("MATCH (n:Person) RETURN n.age ORDER BY n.age DESC NULLS LAST", r"Write ORDER BY n.age IS NULL, n.age"),
    ("MATCH (n:Person WHERE n.age > 1) RETURN n", r"Write WHERE behind the whole pattern"),
    ("MATCH (n:Person) RETURN n.age, count(*) GROUP BY n.age", r"Write WITH n.city AS city"),
    ('MATCH (n:Person) RETURN n.name AS "first name"', r"Write names in backticks"),
]


@pytest.mark.parametrize(("statement", "instead"), HABITS)
def test_habits_of_other_dialects_are_answered_with_what_to_write(social, statement, instead):
    with pytest.raises(PlatformError, match=instead):
        social.rows(statement)


def test_properties_of_a_node(social, engine_name):
    statement = "MATCH (n:Person {id: 1}) RETURN properties(n)"
    if engine_name == "ladybug":
        assert social.value(statement)["id"] == 1
        return
    with pytest.raises(PlatformError, match=r"Write RETURN n "):
        social.rows(statement)


def test_what_the_engine_did_not_foresee_is_said_without_its_source(social):
    statement = "MATCH p = (:Person)-[:KNOWS*1..2]->(:Person) WITH [p] AS l RETURN length(l[1])"
    with pytest.raises(PlatformError, match=r"combination of functions and values|expects a path") as caught:
        social.rows(statement)
    assert caught.value.details["kind"] in ("binder", "runtime")
    assert ".cpp" not in caught.value.message
