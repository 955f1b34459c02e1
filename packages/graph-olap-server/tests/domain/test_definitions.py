from __future__ import annotations

from typing import Any

from graph_olap.models import EdgeDefinition, NodeDefinition
from graph_olap_server.domain.definitions import check_definitions
from graph_olap_server.domain.names import RESERVED_WORDS, edge_type_problem, element_name_problem
from hypothesis import given, settings
from hypothesis import strategies as st


def node(label: str = "Account", **changes: Any) -> NodeDefinition:
    fields = {"label": label, "sql": "SELECT 1", "primary_key": {"name": "id", "type": "STRING"}, **changes}
    return NodeDefinition.model_validate(fields)


def edge(name: str = "PAID", **changes: Any) -> EdgeDefinition:
    fields = {
        "type": name,
        "from_node": "Account",
        "to_node": "Account",
        "sql": "SELECT 1",
        "from_key": "src",
        "to_key": "dst",
        **changes,
    }
    return EdgeDefinition.model_validate(fields)


def paths(nodes: list[NodeDefinition], edges: list[EdgeDefinition]) -> list[str]:
    return [path for path, _ in check_definitions(nodes, edges).problems]


def test_good_definitions_have_no_problem_and_normal_types():
    found = check_definitions(
        [node(properties=[{"name": "tags", "type": "list<varchar>"}])],
        [edge(properties=[{"name": "amount", "type": "real"}])],
    )
    assert found.problems == []
    assert found.nodes[0].properties[0].type == "LIST<STRING>"
    assert found.edges[0].properties[0].type == "FLOAT"


PLACE = {"name": "place", "type": "ARRAY<FLOAT,3>"}
BIO = {"name": "bio", "type": "STRING"}


def index_paths(*indexes: dict[str, Any]) -> list[str]:
    return paths([node(properties=[PLACE, BIO, {"name": "age", "type": "INT64"}], indexes=list(indexes))], [])


def test_good_indexes_have_no_problem():
    assert not index_paths(
        {"name": "words", "type": "fulltext", "properties": ["bio", "id"], "stemmer": "german"},
        {"name": "near", "type": "vector", "properties": ["place"], "metric": "l2"},
    )


def test_every_problem_of_an_index_is_found_with_its_path():
    words = {"name": "words", "type": "fulltext", "properties": ["bio"]}
    at = "node_definitions.0.indexes"
    assert index_paths({**words, "type": "btree"}) == [f"{at}.0.type"]
    assert index_paths({**words, "name": "1st"}) == [f"{at}.0.name"]
    assert index_paths(words, {**words, "name": "WORDS"}) == [f"{at}.1.name"]
    assert index_paths({**words, "properties": []}) == [f"{at}.0.properties"]
    assert index_paths({**words, "properties": ["bio", "bio"]}) == [f"{at}.0.properties"]
    assert index_paths({**words, "properties": ["bio", "nobody", "age"]}) == [
        f"{at}.0.properties.1",
        f"{at}.0.properties.2",
    ]
    assert index_paths({**words, "stemmer": "klingon", "metric": "l2"}) == [f"{at}.0.metric", f"{at}.0.stemmer"]
    near = {"name": "near", "type": "vector", "properties": ["place"]}
    assert index_paths({**near, "metric": "far", "stemmer": "none"}) == [f"{at}.0.stemmer", f"{at}.0.metric"]
    assert index_paths({**near, "properties": ["place", "place"]}) == [f"{at}.0.properties"]
    assert index_paths({**near, "properties": ["bio"]}) == [f"{at}.0.properties.0"]
    assert index_paths(*({**words, "name": f"w{number}"} for number in range(11))) == [at]


def test_every_problem_is_found_with_its_path():
    found = paths(
        [
            node("match", primary_key={"name": "id", "type": "DOUBLE"}, sql=" "),
            node("Account"),
            node("account"),
        ],
        [
            edge("paid", from_node="Nobody", to_key="src", properties=[{"name": "SRC", "type": "WHAT"}]),
            edge("ACCOUNT"),
        ],
    )
    assert set(found) == {
        "node_definitions.0.label",
        "node_definitions.0.primary_key.type",
        "node_definitions.0.sql",
        "node_definitions.2.label",
        "edge_definitions.0.type",
        "edge_definitions.0.from_node",
        "edge_definitions.0.to_key",
        "edge_definitions.0.properties.0.name",
        "edge_definitions.0.properties.0.type",
        "edge_definitions.1.type",
    }


def test_no_nodes_too_many_edges():
    assert "node_definitions" in paths([], [])
    assert "edge_definitions" in paths([node()], [edge(f"E{number}") for number in range(501)])


def test_property_limits():
    many = [{"name": f"p{number}", "type": "STRING"} for number in range(101)]
    assert paths([node(properties=many)], []) == ["node_definitions.0.properties"]
    assert paths([node(properties=many[:100])], []) == []
    assert len(check_definitions([node(properties=many[:51])], []).warnings) == 1
    assert check_definitions([node(properties=many[:50])], []).warnings == []


def test_an_unknown_label_lists_the_known_ones():
    ((_, message),) = check_definitions([node()], [edge(to_node="Acount")]).problems
    assert "'Acount'" in message
    assert "Account" in message


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=70))
def test_names_follow_the_pattern(name: str):
    ascii_letters = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    good = (
        0 < len(name) <= 64
        and name[0] in ascii_letters
        and set(name) <= ascii_letters | set("0123456789_")
        and name.upper() not in RESERVED_WORDS
    )
    assert (element_name_problem(name) is None) == good
    assert (edge_type_problem(name) is None) == (good and name == name.upper())


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(sorted(RESERVED_WORDS)), st.booleans())
def test_reserved_words_in_any_case(word: str, lower: bool):
    assert element_name_problem(word.lower() if lower else word) is not None
    assert element_name_problem(f"{word}_1") is None


def test_reserved_prefixes():
    for name in ("_internal_x", "_SYSTEM_x", "_ryugraph_"):
        assert "reserved prefix" in (element_name_problem(name) or "")
