"""Properties of relationships that only tell them apart: texts, truth values, times, whatever the type.

They travel as numbers: places in the list of their values, which is sorted.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.networkx_bridge.properties import EDGE_LABEL, LABELS
from graph_olap_server.instance.networkx_bridge.values import PREFIX
from graph_olap_server.instance.projection import Projection
from graph_olap_server.instance.selection import Selection
from graph_olap_server.instance.workers import SharedArray

__all__ = ["edge_labels"]


def edge_labels(
    engine: GraphEngine, projection: Projection, selection: Selection, names: Mapping[str, str]
) -> tuple[dict[str, list[Any]], dict[str, SharedArray]]:
    """Return the values of properties by attribute, and for each edge of the projection the place of its value.

    Of parallel relationships the one with the smallest value counts.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` when a relationship has no value.
    """
    values: dict[str, list[Any]] = {}
    arrays: dict[str, SharedArray] = {}
    for attribute, name in names.items():
        field = f"parameters.{attribute if attribute == EDGE_LABEL else LABELS}"
        values[attribute], places = _labels(engine, projection, selection, name, field)
        arrays[f"{PREFIX}{attribute}"] = SharedArray(places)
    return values, arrays


def _labels(
    engine: GraphEngine, projection: Projection, selection: Selection, name: str, field: str
) -> tuple[list[Any], NDArray[np.int64]]:
    nodes = projection.nodes
    count = max(projection.node_count, 1)
    indptr, indices = (projection.arrays[key].open() for key in ("indptr", "indices"))
    edges = np.repeat(np.arange(projection.node_count), np.diff(indptr)) * count + indices.astype(np.int64)
    found: list[tuple[NDArray[np.int64], list[Any]]] = []
    for table in selection.edge_tables:
        read = engine.edges(table.type, (name,))
        if missing := read[name].null_count:
            reason = f"{missing} of {len(read)} {table.type} relationships have no {name}"
            raise validation_failed([(field, reason)])
        start = nodes.dense_of(table.from_node, read["_src"].to_numpy())
        end = nodes.dense_of(table.to_node, read["_dst"].to_numpy())
        if selection.orientation == "reverse":
            start, end = end, start
        found.append((start * count + end, [_plain(value) for value in read[name].to_pylist()]))
    values = sorted({value for _, part in found for value in part}, key=lambda value: (type(value).__name__, value))
    place_of = {value: place for place, value in enumerate(values)}
    places = np.full(len(edges), len(values), np.int64)
    for pairs, part in found:
        own = np.fromiter((place_of[value] for value in part), np.int64, len(part))
        np.minimum.at(places, np.searchsorted(edges, pairs), own)
    return values, places


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value if isinstance(value, (bool, int, float, str)) else str(value)
