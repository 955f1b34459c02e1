"""Values of relationships: how many may be written."""

import numpy as np
import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance import writeback
from graph_olap_server.instance.engine import writeback as engine_writeback
from graph_olap_server.instance.engine.base import EdgeWrite
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.nodes import NodeIndex
from graph_olap_server.instance.projection import Projection
from graph_olap_server.instance.workers import SharedArray

from .conftest import ENGINE, LIMITS


@pytest.mark.parametrize(
    ("gigabytes", "most"), [(0.1, 1_000_000), (2, 2_684_354), (5, 6_710_886), (8, 10_000_000), (50, 10_000_000)]
)
def test_more_memory_allows_more(gigabytes, most):
    assert writeback.most_edges_written(int(gigabytes * 1024**3)) == most


def test_more_than_that_is_refused_and_nothing_written(files, load, monkeypatch):
    files.node("M", ("id", "INT64"), {}, [[key] for key in range(5)])
    graph = load(files.edge("E", ("M", "M"), {}, [[0, 1], [0, 1], [1, 2], [3, 4]]))
    projection = Projection(
        NodeIndex({"M": 5}),
        4,
        {"indptr": SharedArray(np.array([0, 2, 3, 3, 4, 4])), "indices": SharedArray(np.array([1, 1, 2, 4]))},
    )

    def write(ends, values):
        pairs = tuple(np.array(side) for side in zip(*ends, strict=True))
        return writeback.write_edge_values(
            graph.engine, "v", "DOUBLE", ("E",), pairs, pa.array(values), projection, undirected=False
        )

    monkeypatch.setattr(writeback, "_ALWAYS_WRITTEN", 2)
    monkeypatch.setattr(writeback, "_BYTES_PER_EDGE", graph.engine.buffer_bytes)
    with pytest.raises(PlatformError, match="3 relationships would get a value; at most 2") as caught:
        write([(0, 1), (1, 2)], [1.0, 2.0])
    assert (caught.value.code, caught.value.details["max_relationships"]) == ("RESULT_TOO_LARGE", 2)
    assert graph.engine.schema().edge_tables[0].properties == {}
    assert write([(0, 1), (2, 3)], [1.0, 2.0]) == 2
    assert graph.rows("MATCH ()-[e:E]->() RETURN count(*), count(e.v), sum(e.v)") == [[4, 2, 2.0]]


@pytest.mark.parametrize("key", ["INT64", "STRING", "UUID"])
@pytest.mark.parametrize("seed", range(4))
def test_each_relationship_gets_its_own_value_whatever_the_parts(files, load, monkeypatch, key, seed):
    """Against plain Python: parallel relationships, self-loops, a hub, other values beside the usual one, nulls."""
    rng = np.random.default_rng(seed)
    keys = {
        "INT64": rng.permutation(40).tolist(),
        "STRING": [f"schlüssel-{number}-ß'`" for number in rng.permutation(40)],
        "UUID": [f"00000000-0000-4000-8000-{number:012d}" for number in rng.permutation(40)],
    }[key]
    starts, ends = rng.integers(0, 40, 400), rng.integers(0, 40, 400)
    starts[:120] = 7  # a hub, in more than one part
    files.node("M", ("id", key), {}, [[value] for value in keys])
    rows = [[keys[start], keys[end], row] for row, (start, end) in enumerate(zip(starts, ends, strict=True))]
    graph = load(files.edge("E", ("M", "M"), {"row": "INT64"}, rows))
    monkeypatch.setattr(engine_writeback, "_EDGES_AT_ONCE", 33)
    table = graph.engine.edges("E", ("row",))
    pairs = list(dict.fromkeys(zip(table["_src"].to_pylist(), table["_dst"].to_pylist(), strict=True)))
    pairs = [pairs[place] for place in rng.permutation(len(pairs))]
    pairs_table = pa.table({"_src": [pair[0] for pair in pairs], "_dst": [pair[1] for pair in pairs]})
    kinds = {
        "BOOL": [False, False, False, True],
        "INT64": [-5, -5, 3, None],
        "DOUBLE": [0.0, 0.0, 0.1, None],
        "STRING": ["a", "a", "b'", None],
        "LIST<INT64>": [[1], [1], [2, 3], None],
    }
    for type_name, choice in kinds.items():
        for _ in range(2):
            chosen = [choice[number] for number in rng.integers(0, 4, len(pairs))]
            graph.engine.write_properties([EdgeWrite("E", "v", type_name, pairs_table, pa.array(chosen), len(rows))])
            expected = dict(zip(pairs, chosen, strict=True))
            got = graph.engine.edges("E", ("row", "v"))
            assert [
                expected[pair] for pair in zip(got["_src"].to_pylist(), got["_dst"].to_pylist(), strict=True)
            ] == got["v"].to_pylist()
            if type_name in ("BOOL", "INT64", "DOUBLE"):  # also where the engine filters with its statistics
                for value in {value for value in choice if value is not None}:
                    count = got["v"].to_pylist().count(value)
                    found = graph.rows("MATCH ()-[e:E]->() WHERE e.v = $v RETURN count(*)", {"v": value})
                    assert found == [[count]]


def test_most_relationships_get_the_usual_value_without_being_set(files, load, monkeypatch):
    files.node("M", ("id", "INT64"), {}, [[key] for key in range(100)])
    graph = load(files.edge("E", ("M", "M"), {}, [[key, key + 1] for key in range(99)]))
    monkeypatch.setattr(engine_writeback, "_EDGES_AT_ONCE", 1)
    table = graph.engine.edges("E")
    values, parts = [start % 33 == 0 for start in table["_src"].to_pylist()], []
    write = EdgeWrite("E", "v", "BOOL", table, pa.array(values), 99)
    graph.engine.write_properties([write], lambda: parts.append(1))
    assert len(parts) == 1 + 3
    assert graph.rows("MATCH (a)-[e:E]->() WHERE e.v RETURN a.id ORDER BY a.id") == [[0], [33], [66]]
    assert graph.rows("MATCH ()-[e:E]->() WHERE NOT e.v RETURN count(*)") == [[96]]


def test_the_usual_value_is_there_after_a_restart(files, tmp_path):
    files.node("M", ("id", "INT64"), {}, [[key] for key in range(20)])
    files.edge("E", ("M", "M"), {}, [[key, key + 1] for key in range(19)])
    engine = engine_class(ENGINE).open(tmp_path / "kept.db", LIMITS)
    engine.load(files.folder, files.manifest(), lambda progress: None)
    loaded = (tmp_path / "kept.db").read_bytes()
    table = engine.edges("E")
    values = pa.array([0.1 if start < 15 else 2.5 for start in table["_src"].to_pylist()])
    engine.write_properties([EdgeWrite("E", "v", "DOUBLE", table, values, 19)])
    engine.close()
    assert (tmp_path / "kept.db").read_bytes() == loaded  # other instances may share it
    again = engine_class(ENGINE).open(tmp_path / "kept.db", LIMITS)
    assert again.edges("E", ("v",))["v"].to_pylist() == values.to_pylist()
    assert again.schema().edge_tables[0].properties == {"v": "DOUBLE"}
    again.close()
