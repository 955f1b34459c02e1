"""Search indexes of a graph: built once after the load, queried through two procedures of the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graph_olap.models import IndexDefinition

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.indexes import index_step
from graph_olap_server.instance.engine.base import LoadProgress
from graph_olap_server.instance.engine.types import quote
from graph_olap_server.snapshots.manifest import SnapshotManifest

__all__ = ["build_indexes"]


def build_indexes(
    connection: Any, manifest: SnapshotManifest, on_progress: Callable[[LoadProgress], None], *, can_index: bool
) -> None:
    """Build every index that the node definitions declare.

    Raises:
        PlatformError: The engine has no such indexes, or cannot build one; the message names it.
    """
    for node in manifest.node_definitions:
        for index in node.indexes:
            step = index_step(node.label, index)
            if not can_index:
                raise _failure(step, "this engine has no search indexes; use the engine kuzu or leave the index out.")
            on_progress(LoadProgress(step, "index", done=False))
            if index.type == "fulltext":
                _refuse_joined_words(connection, node.label, index)
            try:
                connection.execute(_statement(node.label, index))
            except RuntimeError as error:
                text = str(error).partition(" exception: ")[2] or str(error)
                raise _failure(step, " ".join(text.splitlines()[0].split())) from error
            on_progress(LoadProgress(step, "index", done=True, rows=manifest.file_of(node.label).rows))


def _statement(label: str, index: IndexDefinition) -> str:
    # Names are identifiers (domain/indexes.py), so nothing in them needs an escape.
    if index.type == "vector":
        metric = index.metric or "cosine"
        return f"CALL CREATE_VECTOR_INDEX('{label}', '{index.name}', '{index.properties[0]}', metric := '{metric}')"
    properties = ", ".join(f"'{name}'" for name in index.properties)
    stemmer = index.stemmer or "english"
    return f"CALL CREATE_FTS_INDEX('{label}', '{index.name}', [{properties}], stemmer := '{stemmer}')"


# Kuzu 0.11.3 splits texts at spaces and ASCII punctuation only: around any other gap two words would become one.
_OTHER_GAPS = "[\\x00-\\x1f\\x7f\\x{85}\\x{a0}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{3000}]"


def _refuse_joined_words(connection: Any, label: str, index: IndexDefinition) -> None:
    for name in index.properties:
        text = f"MATCH (n:{quote(label)}) WHERE regexp_matches(n.{quote(name)}, $gaps) RETURN count(*)"
        count = connection.execute(text, {"gaps": _OTHER_GAPS}).get_all()[0][0]
        if count:
            reason = (
                f"{count} {label} nodes have line breaks, tabs or special spaces in {name}, which the index would take "
                f"for letters. Replace them in the SQL: regexp_replace({name}, '[\\s\\p{{Z}}]+', ' ', 'g') AS {name}"
            )
            raise _failure(index_step(label, index), reason)


def _failure(step: str, reason: str) -> PlatformError:
    message = f"The index {step} could not be built: {reason}"
    return PlatformError("RYUGRAPH_ERROR", message, {"kind": "engine", "definition": step}, status=500)
