"""A few values of each property, to show beside the schema."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from typing import Any

from graph_olap.models import GraphSchema

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.instance.engine.types import quote

__all__ = ["SchemaSamples"]

_ROWS = 50
_VALUES = 3
_LONGEST = 200
_TIMEOUT_MS = 5_000


class SchemaSamples:
    """Adds samples to schemas; they are read again after the graph has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._samples: dict[str, dict[str, list[Any]]] = {}

    def schema(self, engine: GraphEngine) -> GraphSchema:
        """Return the schema with up to three different values of each property, from the first rows of its table."""
        with self._lock:
            version, schema = engine.graph_version, engine.schema()
            if version != self._version:
                nodes = {
                    table.label: _samples(engine, f"(x:{quote(table.label)})", table.properties)
                    for table in schema.node_tables
                }
                edges = {
                    table.type: _samples(engine, f"()-[x:{quote(table.type)}]->()", table.properties)
                    for table in schema.edge_tables
                }
                self._samples, self._version = {**nodes, **edges}, version
            samples = self._samples
        for node in schema.node_tables:
            node.samples = samples.get(node.label, {})
        for edge in schema.edge_tables:
            edge.samples = samples.get(edge.type, {})
        return schema


def _samples(engine: GraphEngine, pattern: str, properties: Iterable[str]) -> dict[str, list[Any]]:
    names = list(properties)
    if not names:
        return {}
    columns = ", ".join(f"x.{quote(name)}" for name in names)
    try:
        result = engine.query(
            f"MATCH {pattern} RETURN {columns} LIMIT {_ROWS}",
            {},
            timeout_ms=_TIMEOUT_MS,
            query_id=f"samples-{uuid.uuid4()}",
        )
    except PlatformError:  # a property that the engine cannot show: the schema is worth more than its samples
        return {}
    try:
        rows = list(result.rows())
    finally:
        result.close()
    return {name: _different(row[index] for row in rows) for index, name in enumerate(names)}


def _different(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value is not None and value not in found and len(str(value)) <= _LONGEST:
            found.append(value)
            if len(found) == _VALUES:
                break
    return found
