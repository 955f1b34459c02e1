"""Property graphs as plain Python rows: random ones, and their way into a snapshot's folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from graph_olap.models import EdgeDefinition, NodeDefinition, PrimaryKey, PropertyDefinition

from graph_olap_server.snapshots.finalize import finalize_snapshot
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["EdgeTable", "NodeTable", "PropertyGraph", "random_graph", "write_snapshot"]

Row = tuple[Any, ...]


@dataclass(frozen=True)
class NodeTable:
    """One label: ``columns`` is name → type, the primary key first."""

    label: str
    columns: Mapping[str, str]
    rows: Sequence[Row]

    @property
    def key(self) -> str:
        """Name of the primary key."""
        return next(iter(self.columns))


@dataclass(frozen=True)
class EdgeTable:
    """One relationship type; rows are start key, end key and the properties. Ends that do not exist are left out."""

    name: str
    start: str
    end: str
    columns: Mapping[str, str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class PropertyGraph:
    """Tables of nodes and relationships as a warehouse would give them, bad rows included."""

    nodes: Sequence[NodeTable] = field(default_factory=tuple)
    edges: Sequence[EdgeTable] = field(default_factory=tuple)


def write_snapshot(graph: PropertyGraph, folder: Path) -> SnapshotManifest:
    """Write a graph as an export would leave it, and finalise it: bad rows are left out there, not here."""
    (folder / "attempts").mkdir(parents=True)
    nodes = [_node_definition(table) for table in graph.nodes]
    edges = [_edge_definition(table) for table in graph.edges]
    keys = {table.label: table.columns[table.key] for table in graph.nodes}
    exported: dict[Any, Path] = {}
    for node in graph.nodes:
        exported["node", node.label] = _write(folder, f"n-{node.label}", node.columns, node.rows)
    for edge in graph.edges:
        columns = {_START: keys[edge.start], _END: keys[edge.end], **edge.columns}
        exported["edge", edge.name] = _write(folder, f"e-{edge.name}", columns, edge.rows)
    return finalize_snapshot(
        folder,
        snapshot_id=1,
        mapping_id=1,
        mapping_version=1,
        node_definitions=nodes,
        edge_definitions=edges,
        on_bad_rows="report",
        exported=exported,
    )


def random_graph(random: Random) -> PropertyGraph:
    """Make a graph of 1 to 300 nodes; small ones are likelier, because they are where most cases meet."""
    labels = random.sample(_LABELS, random.choice((1, 2, 2, 3)))
    total = random.choice((1, 2, 4, 7, 12, 20, 40, 80, 150, 300))
    nodes = []
    for label in labels:
        count = random.choice((0, 1)) if random.random() < 0.12 else max(1, total // len(labels))
        nodes.append(_random_nodes(random, label, count))
    types = random.sample(_TYPES, random.choice((1, 2, 2, 3, 4)))
    return PropertyGraph(tuple(nodes), tuple(_random_edges(random, name, nodes, total) for name in types))


_START, _END = "start of", "end of"
_LABELS = ("Person", "City", "Set", "Straße", "order", "日本")
_TYPES = ("KNOWS", "LIVES_IN", "match", "größer", "LIKES")
_PROPERTIES = {
    "s": "STRING",
    "x": "INT64",
    "i": "INT32",
    "d": "DOUBLE",
    "b": "BOOL",
    "day": "DATE",
    "Größe": "INT64",
    "price": "DECIMAL(9,2)",
}
_EDGE_PROPERTIES = {"w": "INT64", "f": "DOUBLE", "c": "STRING", "since": "DATE", "end": "BOOL", "fee": "DECIMAL(9,2)"}
_TEXTS = ("a", "b", "B", "", "é", "Ünal", "日本語", "😀", "it's", 'say "hi"', "back\\slash", "a b", "10", "null")
_VALUES: dict[str, tuple[Any, ...]] = {
    "STRING": _TEXTS,
    "INT64": (-3, -1, 0, 1, 2, 3, 5, 10, 2**53 + 1, -(2**40)),
    "INT32": (-2, 0, 1, 2, 2**31 - 1),
    "DOUBLE": (-1.5, -0.25, 0.0, 0.5, 1.0, 2.0, 3.25, 1e10, 0.1),
    "BOOL": (True, False),
    "DECIMAL(9,2)": tuple(map(Decimal, ("-0.05", "0.00", "0.10", "1.00", "2.50", "1234567.89"))),
    "DATE": (dt.date(1969, 12, 31), dt.date(2000, 2, 29), dt.date(2024, 5, 1), dt.date(2024, 5, 2)),
}
_ARROW = {
    "STRING": pa.string(),
    "INT64": pa.int64(),
    "INT32": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
    "DECIMAL(9,2)": pa.string(),  # so it travels
}


def _random_nodes(random: Random, label: str, count: int) -> NodeTable:
    key = random.choice(("INT64", "INT64", "STRING"))
    names = random.sample(sorted(_PROPERTIES), random.randint(1, 5))
    columns = {"id" if key == "INT64" else "code": key, **{name: _PROPERTIES[name] for name in names}}
    keys = random.sample(range(-5, 2 * count + 5), count)
    rows = [
        (number if key == "INT64" else f"{random.choice(_TEXTS)}:{number}", *_values(random, columns, 1))
        for number in keys
    ]
    return NodeTable(label, columns, tuple(rows))


def _random_edges(random: Random, name: str, nodes: Sequence[NodeTable], total: int) -> EdgeTable:
    start, end = random.choice(nodes), random.choice(nodes)
    names = random.sample(sorted(_EDGE_PROPERTIES), random.randint(0, 3))
    columns = {property_name: _EDGE_PROPERTIES[property_name] for property_name in names}
    count = random.choice((0, 1, total // 2, total, total, int(total * 1.5), min(3 * total, 200)))
    starts, ends = [row[0] for row in start.rows], [row[0] for row in end.rows]
    # A few nodes take most ends, so that there are hubs and parallel edges, and nodes without any.
    if random.random() < 0.5:
        starts, ends = starts[: 1 + len(starts) // 2], ends[: 1 + len(ends) // 3]
    rows: list[Row] = []
    for _ in range(count):
        ends_of_row = _ends(random, starts, ends, start, end)
        rows.append((*ends_of_row, *_values(random, columns, 0)))
        if random.random() < 0.15:
            rows.append((*ends_of_row, *_values(random, columns, 0)))
    return EdgeTable(name, start.label, end.label, columns, tuple(rows))


def _ends(random: Random, starts: list[Any], ends: list[Any], start: NodeTable, end: NodeTable) -> Row:
    chance = random.random()
    found = [random.choice(values) if values else None for values in (starts, ends)]
    if chance < 0.05:
        found[random.randrange(2)] = None
    elif chance < 0.1:
        found = [found[0], 987_654 if end.columns[end.key] == "INT64" else "nowhere"]
    elif chance < 0.2 and start.label == end.label:
        found[1] = found[0]
    return tuple(found)


def _values(random: Random, columns: Mapping[str, str], skip: int) -> Row:
    kinds = list(columns.values())[skip:]
    return tuple(None if random.random() < 0.2 else random.choice(_VALUES[kind]) for kind in kinds)


def _node_definition(table: NodeTable) -> NodeDefinition:
    key, *names = table.columns
    return NodeDefinition(
        label=table.label,
        sql="SELECT 1",
        primary_key=PrimaryKey(name=key, type=table.columns[key]),
        properties=[PropertyDefinition(name=name, type=table.columns[name]) for name in names],
    )


def _edge_definition(table: EdgeTable) -> EdgeDefinition:
    return EdgeDefinition(
        type=table.name,
        from_node=table.start,
        to_node=table.end,
        sql="SELECT 1",
        from_key=_START,
        to_key=_END,
        properties=[PropertyDefinition(name=name, type=kind) for name, kind in table.columns.items()],
    )


def _write(folder: Path, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> Path:
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [
        pa.array([str(value) if isinstance(value, Decimal) else value for value in column], _ARROW[kind])
        for column, kind in zip(values, columns.values(), strict=True)
    ]
    path = folder / "attempts" / f"{name}.parquet"
    pq.write_table(pa.table(arrays, names=list(columns)), path)
    return path
