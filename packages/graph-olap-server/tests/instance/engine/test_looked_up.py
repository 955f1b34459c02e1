"""Long lists in IN are looked up; what is found stays the same."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

RANDOM = Random(5)
KEYS = [RANDOM.choice(["a", "é", "", "b c"]) + str(number) for number in range(300)]
NODES = [[key, RANDOM.choice([None, *range(40)]), RANDOM.choice([None, *KEYS[:9]])] for key in KEYS]
PAYS = [[RANDOM.choice(KEYS), RANDOM.choice(KEYS), RANDOM.choice([None, *range(40)])] for _ in range(900)]
WANTED = [*RANDOM.choices(KEYS, k=60), "nobody", "nobody"]
NUMBERS = RANDOM.choices(range(50), k=30)
X = {key: x for key, x, _ in NODES}


@pytest.fixture(scope="module")
def payers(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("payers")
    files = snapshot_files(folder)
    files.node("P", ("id", "STRING"), {"x": "INT32", "other": "STRING"}, NODES)
    files.node("T", ("id", "INT64"), {"x": "DOUBLE"}, [[number, float(number)] for number in range(50)])
    files.edge("PAYS", ("P", "P"), {"w": "INT64"}, PAYS)
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


ASKED = {
    "MATCH (n:P) WHERE n.other IN $texts RETURN n.id": [(key,) for key, _, other in NODES if other in WANTED],
    "MATCH (a:P)-[r:PAYS]->(b:P) WHERE r.w IN $numbers AND (b.x IN $numbers) RETURN a.id, b.id, r.w": [
        (start, end, w) for start, end, w in PAYS if w in NUMBERS and X[end] in NUMBERS
    ],
    "MATCH (a:P)-[r:PAYS]->(b:P) WHERE r.w IN $numbers OR a.x = 3 RETURN a.id, b.id": [
        (start, end) for start, end, w in PAYS if w in NUMBERS or X[start] == 3
    ],
    "MATCH (a:P)-[r:PAYS]->(b:P) WHERE NOT r.w IN $numbers RETURN a.id, b.id": [
        (start, end) for start, end, w in PAYS if w is not None and w not in NUMBERS
    ],
    "MATCH (a:P) WHERE a.other IN $texts WITH a MATCH (a)-[r:PAYS]->(b:P) WHERE r.w IN $numbers RETURN a.id, r.w": [
        (key, w) for key, _, other in NODES if other in WANTED for start, _, w in PAYS if start == key and w in NUMBERS
    ],
    "MATCH (a:P) WHERE a.x IN $numbers RETURN a.x, count(*) AS k": list(
        Counter(x for x in X.values() if x in NUMBERS).items()
    ),
    "MATCH (t:T) WHERE t.x IN $numbers RETURN t.id": [(number,) for number in sorted(set(NUMBERS))],
    "MATCH (a:P) WHERE a.x IN $numbers OPTIONAL MATCH (a)-[r:PAYS]->(:P) RETURN a.id, count(r)": [
        (key, sum(start == key for start, _, _ in PAYS)) for key, x in X.items() if x in NUMBERS
    ],
    "MATCH (a:P) WHERE a.x IN $numbers RETURN a.id UNION MATCH (b:P) WHERE b.other IN $texts RETURN b.id AS `a.id`": [
        (key,) for key, x, other in NODES if x in NUMBERS or other in WANTED
    ],
}


@pytest.mark.parametrize("statement", ASKED)
def test_each_row_is_found_once(payers, statement):
    values = {"texts": WANTED, "numbers": NUMBERS}
    used = {name: value for name, value in values.items() if f"${name}" in statement}
    assert Counter(map(tuple, payers.rows(statement, used))) == Counter(ASKED[statement])


def test_another_list_for_the_same_statement(payers):
    statement = "MATCH (n:P) WHERE n.id IN $wanted RETURN n.id ORDER BY n.id"
    for wanted in (KEYS[:50], KEYS[:2], KEYS[100:150], [], KEYS):
        found = payers.rows(statement, {"wanted": wanted})
        assert found == [[key] for key in sorted(set(wanted), key=str.encode)]
    for refused in ([1, 2] * 20, [None, *KEYS[:30]]):
        with pytest.raises(PlatformError):
            payers.rows(statement, {"wanted": refused})


def test_a_star_has_no_column_for_the_list(payers):
    result = payers.result("MATCH (n:P) WHERE n.id IN $texts RETURN *", {"texts": WANTED})
    assert [column.name for column in result.columns] == ["n"]


def test_a_mistake_is_found_at_its_place(payers):
    statement = "MATCH (n:P) WHERE n.id IN $texts RETURN n.xyz"
    with pytest.raises(PlatformError, match="no property xyz") as caught:
        payers.rows(statement, {"texts": WANTED})
    assert caught.value.details["position"] == statement.index("xyz")
