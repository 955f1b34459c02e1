"""Loading a snapshot: schema, one bulk COPY per file, and messages an analyst can act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graph_olap.models import EdgeDefinition, NodeDefinition, PropertyDefinition, parse_type

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import LoadProgress
from graph_olap_server.instance.engine.catalog import definition_comment
from graph_olap_server.instance.engine.types import ddl_type, quote
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["load_snapshot"]

_MACROS = ("CREATE MACRO toString(value) AS CAST(value AS STRING)", "CREATE MACRO type(value) AS label(value)")
"""Functions of openCypher that the dialect lacks."""


def load_snapshot(
    connection: Any, folder: Path, manifest: SnapshotManifest, on_progress: Callable[[LoadProgress], None]
) -> None:
    """Create the tables and load the files of a snapshot.

    Raises:
        PlatformError: A file does not fit its definition; the message names both.
    """
    on_progress(LoadProgress("schema", "schema", done=False))
    for node in manifest.node_definitions:
        _create(connection, node.label, _node_ddl(node))
        _remember(connection, node.label, [node.primary_key, *node.properties])
    for edge in manifest.edge_definitions:
        _create(connection, edge.type, _edge_ddl(edge))
        _remember(connection, edge.type, edge.properties)
    for macro in _MACROS:
        connection.execute(macro)
    on_progress(LoadProgress("schema", "schema", done=True))
    for node in manifest.node_definitions:
        _copy(connection, folder, manifest, node.label, "node", on_progress)
    for edge in manifest.edge_definitions:
        _copy(connection, folder, manifest, edge.type, "edge", on_progress)
    connection.execute("CHECKPOINT")


def _node_ddl(node: NodeDefinition) -> str:
    columns = _columns([node.primary_key, *node.properties])
    return f"CREATE NODE TABLE {quote(node.label)}({columns}, PRIMARY KEY({quote(node.primary_key.name)}))"


def _edge_ddl(edge: EdgeDefinition) -> str:
    columns = f", {_columns(edge.properties)}" if edge.properties else ""
    return f"CREATE REL TABLE {quote(edge.type)}(FROM {quote(edge.from_node)} TO {quote(edge.to_node)}{columns})"


def _columns(properties: Sequence[PropertyDefinition]) -> str:
    return ", ".join(f"{quote(item.name)} {ddl_type(parse_type(item.type))}" for item in properties)


def _create(connection: Any, name: str, ddl: str) -> None:
    try:
        connection.execute(ddl)
    except RuntimeError as error:
        raise _load_error(name, f"its table cannot be made: {_first_sentence(error)}") from error


def _remember(connection: Any, name: str, properties: Sequence[PropertyDefinition]) -> None:
    comment = definition_comment(item.name for item in properties)
    connection.execute(f"COMMENT ON TABLE {quote(name)} IS '{comment}'")


def _copy(
    connection: Any,
    folder: Path,
    manifest: SnapshotManifest,
    name: str,
    kind: str,
    on_progress: Callable[[LoadProgress], None],
) -> None:
    file = manifest.file_of(name)
    on_progress(LoadProgress(name, kind, done=False))
    if file.rows:
        path = str(folder / file.path).replace("\\", "\\\\").replace("'", "\\'")
        try:
            connection.execute(f"COPY {quote(name)} FROM '{path}'")
        except RuntimeError as error:
            raise _load_error(name, _first_sentence(error)) from error
    on_progress(LoadProgress(name, kind, done=True, rows=file.rows))


def _load_error(name: str, reason: str) -> PlatformError:
    message = f"{name} could not be loaded: {reason} Correct its SQL or types in the mapping and make a new snapshot."
    return PlatformError("RYUGRAPH_ERROR", message, {"kind": "engine", "definition": name}, status=500)


def _first_sentence(error: RuntimeError) -> str:
    text = str(error).partition(" exception: ")[2] or str(error)
    sentence = " ".join(text.splitlines()[0].split())
    return sentence if sentence.endswith(".") else f"{sentence}."
