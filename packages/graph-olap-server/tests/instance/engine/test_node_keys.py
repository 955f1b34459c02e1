"""Nodes found by primary keys of every type, as JSON and as the SDK sends Python values."""

from datetime import date, datetime
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from graph_olap._parameters import encode_parameters
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.model import Parameter
from graph_olap_server.instance.nodes import NodeFinder, NodeIndex, NodeReferences

NODE = Parameter("source_node", "node", None, "A node.", required=True)


@pytest.mark.parametrize(
    ("declared", "stored", "keys"),
    [
        ("INT64", [7, -3], [7, -3]),
        ("STRING", ["7", "ü '\""], ["7", "ü '\""]),
        ("DATE", [date(2024, 5, 1), date(1969, 12, 31)], [date(2024, 5, 1), date(1969, 12, 31)]),
        (
            "TIMESTAMP",
            [datetime(2024, 5, 1, 8, 30), datetime(2024, 5, 1, 8, 30, 0, 5)],
            [datetime(2024, 5, 1, 8, 30), datetime(2024, 5, 1, 8, 30, 0, 5)],
        ),
        ("UUID", [str(UUID(int=5)), str(UUID(int=2**127))], [UUID(int=5), UUID(int=2**127)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_node_is_found_by_its_key(files, load, declared, stored, keys):
    graph = load(files.node("N", ("id", declared), {}, [[key] for key in stored]))
    finder = NodeFinder(graph.engine, ["N"])
    references = NodeReferences(graph.engine, NodeIndex({"N": len(stored)}))
    places = [finder.find(str(key)) for key in stored]
    assert sorted(places) == [("N", 0), ("N", 1)]
    for key, place in zip(keys, places, strict=True):
        sent = encode_parameters({"key": key})["key"]
        assert NODE.problem(sent) is None
        assert finder.find(sent) == place
        assert finder.find({"label": "N", "key": sent}) == place
        assert finder.find(references.reference(place[1])["key"]) == place


@pytest.mark.parametrize(
    "wrong", [None, True, [], {}, {"$type": "DATE"}, {"$type": "DATE", "value": 5}, {"label": "N"}]
)
def test_what_is_no_key_is_refused(wrong):
    assert NODE.problem(wrong) is not None


def test_a_key_that_no_node_has_is_named(files, load):
    finder = NodeFinder(load(files.node("N", ("id", "DATE"), {}, [[date(2024, 5, 1)]])).engine, ["N"])
    for key in ("2024-05-02", "tomorrow", 5, {"$type": "DATE", "value": "2024-05-02"}):
        with pytest.raises(PlatformError, match=r"There is no node with key .* among N"):
            finder.find(key)


@pytest.mark.parametrize("members", [False, True])
def test_columns_name_nodes_in_any_order_as_references_do(files, load, members):
    files.node("A", ("id", "INT64"), {}, [[10 * i] for i in range(6)]).node("None", ("id", "INT64"), {}, [])
    files.node("B", ("id", "STRING"), {}, [[f"b{i}"] for i in range(4)])
    engine = load(files).engine
    chosen = {"A": np.array([0, 2, 5]), "None": np.empty(0, np.int64), "B": np.array([1, 3])} if members else None
    sizes = {"A": 6, "None": 0, "B": 4} if chosen is None else {label: len(own) for label, own in chosen.items()}
    for labels in (["A"], ["B"], ["A", "None"], ["None", "B"], ["A", "None", "B"]):
        own = None if chosen is None else {label: chosen[label] for label in labels}
        nodes = NodeIndex({label: sizes[label] for label in labels}, own)
        references = NodeReferences(engine, nodes)
        dense = np.random.default_rng(3).integers(0, len(nodes), 20)
        ids, names, keys = references.columns(dense)
        expected = [references.reference(int(node)) for node in dense]
        assert ids.to_pylist() == [node["_id"] for node in expected]
        assert names.type == pa.string()
        assert names.to_pylist() == [node["_label"] for node in expected]
        texts = {"A", "B"} <= set(labels)
        assert keys.to_pylist() == [str(node["key"]) if texts else node["key"] for node in expected]
        assert [len(column) for column in references.columns(dense[:0])] == [0, 0, 0]
    empty = NodeReferences(engine, NodeIndex({"None": 0}))
    assert [len(column) for column in empty.columns(np.empty(0, np.int64))] == [0, 0, 0]
