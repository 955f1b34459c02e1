"""Labels that lack a property, or have it with another type, beside those that are asked for."""

from __future__ import annotations

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class


@pytest.fixture(scope="module")
def bank(tmp_path_factory, snapshot_files, graph_class):
    """``id`` is a number of one label and text of another; ``kind`` and ``x`` belong to one label only."""
    folder = tmp_path_factory.mktemp("bank")
    files = snapshot_files(folder)
    files.node("Person", ("id", "INT64"), {"age": "INT64"}, [(id_, 30 + id_) for id_ in range(1, 13)])
    files.node("Account", ("id", "STRING"), {"x": "INT64"}, [("A1", None), ("A2", 3)])
    files.node("Device", ("id", "INT64"), {"kind": "STRING"}, [(8, "phone"), (9, "tablet"), (10, None)])
    knows = [(1, 9), (1, 10), (9, 10), (2, 12), (2, 12), (3, 3), (8, 8), (8, 8), (8, 1)]
    files.edge("KNOWS", ("Person", "Person"), {}, knows)
    files.edge("USES", ("Person", "Device"), {}, [(1, 9), (2, 10)])
    files.edge("OWNS", ("Person", "Account"), {}, [(1, "A1"), (2, "A2")])
    files.edge("PAYS", ("Account", "Account"), {}, [("A1", "A2")])
    engine = engine_class(graph_class.engine_name).open(folder / "graph.db", LIMITS)
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


LIMITS = EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024)
TYPED = [
    ("MATCH (:Person {id: 1})-[:KNOWS]->(q) RETURN q.id ORDER BY q.id", [[9], [10]]),
    ("MATCH (p)-[:KNOWS]->(q) RETURN max(q.id), min(p.id), sum(q.id)", [[12, 1, 73]]),
    ("MATCH (p)-[:KNOWS]->(q) WHERE q.id > p.id RETURN count(*)", [[5]]),
    ("MATCH ({id: 9})-[:KNOWS]->(q) RETURN q.id + 1", [[11]]),
    ("MATCH (p)-[:KNOWS*1..2]->(q) RETURN max(q.id)", [[12]]),
    ("MATCH (p:Person) OPTIONAL MATCH (p)-[:USES]->(d) RETURN max(d.id)", [[10]]),
    ("MATCH (p)-[:KNOWS]->(q) WITH q AS r RETURN max(r.id)", [[12]]),
    ("MATCH (a) WHERE EXISTS { MATCH (a)-[:KNOWS]->(b) WHERE b.id = 12 } RETURN a.age", [[32]]),
    ("MATCH (p:Person {id: 1})-[:OWNS|USES]->(x) RETURN x.id ORDER BY x.id", [["9"], ["A1"]]),
]


@pytest.mark.parametrize(("statement", "rows"), TYPED)
def test_values_have_the_type_of_the_only_possible_label(bank, statement, rows):
    assert bank.rows(statement) == rows


def test_a_property_of_other_labels_is_still_null_where_no_label_is_written(bank):
    result = bank.result("MATCH (:Person {id: 1})-[:KNOWS]->(q) WHERE q.id = 9 RETURN q.kind, q.age")
    assert list(result.rows()) == [[None, 39]]
    with pytest.raises(PlatformError, match="no property kind on q"):
        bank.rows("MATCH (:Person {id: 1})-[:KNOWS]->(q:Person) RETURN q.kind")


def test_an_error_behind_a_written_label_is_shown_in_the_analysts_text(bank):
    statement = "MATCH (p)-[:KNOWS]->(q) WHERE q.id > 1 RETURN nothing"
    with pytest.raises(PlatformError) as caught:
        bank.rows(statement)
    assert "`" not in caught.value.message
    assert caught.value.details["position"] == statement.index("nothing")


NAMED_AGAIN = [
    ("MATCH (a:Person) WITH count(*) AS k MATCH (a:Account) OPTIONAL MATCH (a)-[t:PAYS]->(b) "
     "RETURN k, count(t)", [12, 1]),
    ("MATCH (a:Person) WITH count(*) AS k MATCH (a:Account) WHERE EXISTS { MATCH (a)-[:PAYS]->() } "
     "RETURN k, a.id", [12, "A1"]),
    ("MATCH (a:Person {id: 1}), (b:Account {id: 'A1'}) WITH a AS b, b AS a OPTIONAL MATCH (a)-[t:PAYS]->() "
     "RETURN b.id, count(t)", [1, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "row"), NAMED_AGAIN)
def test_a_name_that_with_has_dropped_can_be_given_to_another_label(bank, statement, row):
    assert bank.rows(statement) == [row]


MEMBERS = [
    ("n.kind IN ['phone', 'fax']", [8]),
    ("n.kind IN $kinds", [8]),
    ("list_contains(['phone'], n.kind)", [8]),
    ("'phone' IN [n.kind]", [8]),
    ("NOT n.kind IN ['phone']", [9]),
    ("n.kind IN ['phone'] = false", [9]),
    ("(n.kind IN ['phone'] OR n.kind = 'tablet') AND n.id <> 1", [8, 9]),
    ("CASE WHEN n.kind IN ['phone'] THEN true ELSE false END", [8]),
    ("string_split(n.kind, 'o')[1] IN ['ph']", [8]),
    ("any(k IN ['phone'] WHERE k IN [n.kind])", [8]),
]


@pytest.mark.parametrize(("condition", "ids"), MEMBERS)
def test_in_finds_the_nodes_that_have_the_value(bank, condition, ids):
    values = {"kinds": ["phone", "fax"]} if "$" in condition else {}
    found = bank.rows(f"MATCH (n:Account:Person:Device) WHERE {condition} RETURN label(n), n.id", values)
    assert sorted(found) == sorted(["Device", str(id_)] for id_ in ids)


LOOPS = [
    "MATCH (n:Person)-[]->() WHERE n.id > 0 RETURN n.id, COUNT { MATCH (n)-[:KNOWS]->(n) } AS k",
    "MATCH (m)-[:KNOWS]-(n:Person) RETURN n.id, COUNT { MATCH (n)-[:KNOWS]->(n) } AS k",
    "MATCH (n:Person)-[]->() WHERE n.id > 0 RETURN n.id, COUNT { MATCH (n)-[:KNOWS]->(m) WHERE id(m) = id(n) } AS k",
    "MATCH (n:Person)-[]->() WHERE EXISTS { MATCH (:Device) } RETURN n.id, COUNT { MATCH (n)-[:KNOWS]->(n) } AS k",
    "MATCH (n:Person)-[]->() WITH n, COUNT { MATCH (n)-[:KNOWS]->(n) WHERE n.id > 0 OR n.id < 0 } AS k RETURN n.id, k",
]


@pytest.mark.parametrize("statement", LOOPS)
def test_count_of_loops_does_not_repeat_the_number_of_the_row_before(bank, statement):
    found = bank.rows(statement)
    assert len(found) > 8
    assert {tuple(row) for row in found if row[1]} == {(3, 1), (8, 2)}
    assert {row[0] for row in found if not row[1]} >= {1, 2}
