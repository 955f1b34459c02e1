"""Nodes found by primary keys of every type, as JSON and as the SDK sends Python values."""

from datetime import date, datetime
from uuid import UUID

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
