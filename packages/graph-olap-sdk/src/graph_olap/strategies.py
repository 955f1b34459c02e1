"""Hypothesis strategies for definitions and small graphs; needs the package ``hypothesis``.

Example:
    >>> from hypothesis import given
    >>> from graph_olap.strategies import mappings
    >>> @given(mappings())
    ... def test_edges_have_ends(definitions):
    ...     labels = {node.label for node in definitions["node_definitions"]}
    ...     assert all(edge.from_node in labels for edge in definitions["edge_definitions"])
    >>> test_edges_have_ends()
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from hypothesis import strategies as st

from graph_olap.models import EdgeDefinition, NodeDefinition, PropertyDefinition

__all__ = ["graphs", "mappings", "names"]

_VALUES = {
    "INT64": st.integers(-(2**63), 2**63 - 1),
    "STRING": st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    "BOOL": st.booleans(),
}


def names() -> st.SearchStrategy[str]:
    """Names that labels, types and properties may have, none of them reserved.

    Returns:
        A strategy of texts such as ``"N_x7"``.
    """
    return st.from_regex(r"N_[a-z0-9]{1,6}", fullmatch=True)


@st.composite
def mappings(draw: st.DrawFn, max_nodes: int = 3, max_edges: int = 3, max_rows: int = 4) -> Dict[str, Any]:
    """Definitions whose SQL holds its own rows, so that they load on a platform without any table.

    Args:
        draw: Given by Hypothesis.
        max_nodes: Most node labels.
        max_edges: Most relationship types.
        max_rows: Most nodes of a label and most edges of a type.

    Returns:
        What ``client.mappings.create(name, **definitions)`` takes.
    """
    nodes, keys = [], {}
    for index in range(draw(st.integers(1, max_nodes))):
        label = f"{draw(names())}_{index}"
        kind = draw(st.sampled_from(sorted(_VALUES)))
        keys[label] = list(range(draw(st.integers(1, max_rows))))
        rows = [(key, draw(_VALUES[kind])) for key in keys[label]]
        nodes.append(
            NodeDefinition(
                label=label,
                sql=_sql(rows, ("id", "value")),
                primary_key={"name": "id", "type": "INT64"},
                properties=[PropertyDefinition(name="value", type=kind)],
            )
        )
    edges = []
    for index in range(draw(st.integers(0, max_edges))):
        start, end = draw(st.sampled_from(sorted(keys))), draw(st.sampled_from(sorted(keys)))
        pairs = st.tuples(st.sampled_from(keys[start]), st.sampled_from(keys[end]))
        edges.append(
            EdgeDefinition(
                type=f"{draw(names()).upper()}_{index}",
                from_node=start,
                to_node=end,
                sql=_sql(draw(st.lists(pairs, min_size=1, max_size=max_rows)), ("a", "b")),
                from_key="a",
                to_key="b",
            )
        )
    return {"node_definitions": nodes, "edge_definitions": edges}


def graphs(max_nodes: int = 8, max_edges: int = 16) -> st.SearchStrategy[Tuple[List[int], List[Tuple[int, int]]]]:
    """Small directed graphs with loops and parallel edges.

    Args:
        max_nodes: Most nodes.
        max_edges: Most edges.

    Returns:
        A strategy of nodes, numbered from 0, and edges as pairs of them.
    """
    return st.integers(1, max_nodes).flatmap(
        lambda count: st.tuples(
            st.just(list(range(count))),
            st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=max_edges),
        )
    )


def _sql(rows: List[Tuple[Any, ...]], columns: Tuple[str, str]) -> str:
    lines = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    return f"SELECT {', '.join(columns)} FROM (VALUES {lines}) AS t ({', '.join(columns)})"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"
    return "'" + str(value).replace("'", "''") + "'"
