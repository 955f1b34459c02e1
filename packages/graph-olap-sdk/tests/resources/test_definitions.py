"""Definitions before they travel: what is refused and in which words, and the Python that writes them again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_olap import EdgeDefinition, Mapping, NodeDefinition, ValidationError
from graph_olap._definitions import plain_definitions
from graph_olap.models import MappingProposal, PrimaryKey, PropertyDefinition

NODE: dict[str, Any] = {"label": "Person", "sql": "SELECT 1 AS id", "primary_key": {"name": "id", "type": "INT64"}}
EDGE: dict[str, Any] = {
    "type": "KNOWS",
    "from_node": "Person",
    "to_node": "Person",
    "sql": "SELECT 1 AS a, 1 AS b",
    "from_key": "a",
    "to_key": "b",
}


def without(definition: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {**{key: value for key, value in definition.items() if key not in names}, **more}


def test_objects_and_dictionaries_are_the_same():
    typed = plain_definitions(node_definitions=[NodeDefinition(**NODE)], edge_definitions=[EdgeDefinition(**EDGE)])
    assert typed["node_definitions"] == [{**NODE, "properties": []}]
    assert plain_definitions(node_definitions=(NODE,), edge_definitions=[]) == {
        "node_definitions": [NODE],
        "edge_definitions": [],
    }


@pytest.mark.parametrize(
    ("argument", "items", "expected"),
    [
        ("node_definitions", [NODE, without(NODE, "sql")], ["node_definitions[1].sql: is missing"]),
        (
            "node_definitions",
            [without(NODE, primary_key={"name": "id"})],
            ["node_definitions[0].primary_key.type: is missing"],
        ),
        (
            "node_definitions",
            [without(NODE, properties=[{"name": "x", "type": "STRING"}, {"name": 7, "type": "INT46"}])],
            ["node_definitions[0].properties[1].name: must be a text, not 7 (int)"],
        ),
        (
            "node_definitions",
            [without(NODE, properties=[{"name": "x", "type": "INT46"}])],
            ["node_definitions[0].properties[0].type: "],
        ),
        (
            "node_definitions",
            [without(NODE, primary_key={"name": "id", "type": "DOUBLE"})],
            ["node_definitions[0].primary_key.type: DOUBLE cannot be the type of a key"],
        ),
        (
            "node_definitions",
            [without(NODE, propertys=[])],
            ["node_definitions[0].propertys: is not known; did you mean properties?"],
        ),
        (
            "edge_definitions",
            [without(EDGE, "from_node", "type", from_nod="Person")],
            [
                "edge_definitions[0].from_nod: is not known; did you mean from_node?",
                "edge_definitions[0].type: is missing",
                "edge_definitions[0].from_node: is missing",
            ],
        ),
        (
            "edge_definitions",
            [NodeDefinition(**NODE)],
            ["edge_definitions[0]: must be of the type EdgeDefinition, not NodeDefinition"],
        ),
        (
            "node_definitions",
            ["Person"],
            ["node_definitions[0]: must be a dictionary or of the type NodeDefinition, not 'Person'"],
        ),
        ("node_definitions", NODE, ["node_definitions: must be a list of definitions, not {"]),
        ("node_definitions", None, ["node_definitions: must be a list of definitions, not None"]),
    ],
)
def test_the_field_at_fault_is_named_before_anything_is_sent(platform, client, argument, items, expected):
    with pytest.raises(ValidationError) as raised:
        client.mappings.create("Broken", **{"node_definitions": [NODE], argument: items})
    found = [f"{error['field']}: {error['message']}" for error in raised.value.details["errors"]]
    assert len(found) == len(expected)
    for text, start in zip(found, expected):
        assert text.startswith(start)
    assert str(raised.value).startswith(found[0])
    assert raised.value.code == "VALIDATION_FAILED"
    assert platform.sent == []


def test_a_key_that_a_newer_server_may_know_is_sent():
    assert plain_definitions(node_definitions=[{**NODE, "colour": "red"}])["node_definitions"][0]["colour"] == "red"


# Lone surrogates cannot be sent as JSON, so no mapping holds them.
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ['"""', "'''", "a\\", 'ends with "', "two\nlines", '"""\n', "\r\n", "{x}", "\\N{DASH}\n", "naïve\n名前 \u2028"]
)
types = st.sampled_from(["STRING", "DECIMAL(10, 2)", "list<date>", "bigint"])
properties = st.lists(st.builds(PropertyDefinition, name=texts, type=types), max_size=2)
nodes = st.builds(
    NodeDefinition,
    label=texts,
    sql=texts,
    primary_key=st.fixed_dictionaries({"name": texts, "type": st.sampled_from(["STRING", "int"])}),
    properties=properties,
)
edges = st.builds(
    EdgeDefinition,
    type=texts,
    from_node=texts,
    to_node=texts,
    sql=texts,
    from_key=texts,
    to_key=texts,
    properties=properties,
)


def recreated(code: str) -> dict[str, Any]:
    """Run the code against a client that remembers what it was asked to create."""
    calls: list[dict[str, Any]] = []
    client = SimpleNamespace(mappings=SimpleNamespace(create=lambda **arguments: calls.append(arguments)))
    exec(compile(code, "<code>", "exec"), {"client": client})
    return calls[0]


@given(st.lists(nodes, max_size=2), st.lists(edges, max_size=2), texts, st.none() | texts)
def test_the_code_of_a_mapping_creates_the_same_mapping(node_definitions, edge_definitions, name, description):
    now = "2025-03-01T08:15:00Z"
    mapping = Mapping(
        id=1,
        owner_username="ada",
        name=name,
        description=description,
        current_version=3,
        created_at=now,
        updated_at=now,
        ttl="P7D",
        on_bad_rows="skip",
        node_definitions=node_definitions,
        edge_definitions=edge_definitions,
    )
    found = recreated(mapping.to_code())
    assert found.pop("description", None) == description
    assert found == {
        "name": name,
        "ttl": "P7D",
        "on_bad_rows": "skip",
        "node_definitions": node_definitions,
        "edge_definitions": edge_definitions,
    }


def test_sql_of_several_lines_stays_readable():
    proposal = MappingProposal(
        catalog_name="c", schema_name="s", node_definitions=[{**NODE, "sql": "SELECT id\nFROM people"}]
    )
    assert '            sql="""SELECT id\nFROM people""",\n' in proposal.to_code("People")


def test_a_mapping_of_a_list_says_where_its_definitions_are():
    now = "2025-03-01T08:15:00Z"
    listed = Mapping(id=7, owner_username="ada", name="x", current_version=1, created_at=now, updated_at=now)
    with pytest.raises(ValueError, match=r"client\.mappings\.get\(7\) has them"):
        listed.to_code()


KEY = {"name": "id", "type": "STRING"}


@pytest.mark.parametrize(
    ("make", "field", "words"),
    [
        (lambda: PropertyDefinition(name="age", type=64), "PropertyDefinition.type", "must be a text, not 64"),
        (lambda: PropertyDefinition(name="age", type="INT46"), "PropertyDefinition.type", "INT46"),
        (lambda: PrimaryKey(name="id", type="DOUBLE"), "PrimaryKey.type", "cannot be the type of a key"),
        (lambda: NodeDefinition(label="A", sql="S"), "NodeDefinition.primary_key", "is missing"),
        (lambda: NodeDefinition(lable="A", sql="S", primary_key=KEY), "NodeDefinition.lable", "did you mean label"),
        (
            lambda: NodeDefinition(label="A", sql="S", primary_key={"name": "id", "type": "JSON!"}),
            "NodeDefinition.primary_key.type",
            "JSON!",
        ),
        (
            lambda: NodeDefinition(label="A", sql="S", primary_key=KEY, properties=[{"name": "x"}]),
            "NodeDefinition.properties[0].type",
            "is missing",
        ),
        (
            lambda: EdgeDefinition(type="P", from_node="A", to_node="A", sql=None, from_key="a", to_key="b"),
            "EdgeDefinition.sql",
            "must be a text, not None",
        ),
    ],
)
def test_a_wrong_argument_of_a_constructor_is_named(make, field, words):
    with pytest.raises(ValidationError) as caught:
        make()
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).startswith(f"{field}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.details["errors"][0]["field"] == field
    assert caught.value.__cause__ is None


def test_what_a_server_sends_is_not_held_to_what_analysts_write():
    newer = {"name": "x", "type": "TYPE_OF_A_NEWER_SERVER"}
    assert PropertyDefinition.from_dict(newer).type == "TYPE_OF_A_NEWER_SERVER"
    node = NodeDefinition.from_dict({"label": "A", "sql": "S", "primary_key": KEY, "properties": [newer]})
    assert node.properties[0].type == "TYPE_OF_A_NEWER_SERVER"
    assert NodeDefinition.from_dict(node.to_dict()) == node
