"""V11: each SQL is exactly one query, and the warehouse knows its tables and columns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from difflib import get_close_matches

from graph_olap.models import EdgeDefinition, NodeDefinition

from graph_olap_server.domain.definitions import Definitions, declared_columns
from graph_olap_server.snapshots.columns import source_columns
from graph_olap_server.warehouse.base import QueryColumn, Warehouse, WarehouseError
from graph_olap_server.warehouse.sql_check import SqlProblem, check_select
from graph_olap_server.warehouse.types import incompatibility

__all__ = ["check_sql"]

_SECONDS_PER_DEFINITION = 5.0
_SECONDS_IN_ALL = 20.0
_UNCHECKED = "The SQL was not checked against the warehouse: {reason} It is checked again when the snapshot is made."

_Target = tuple[str, NodeDefinition | EdgeDefinition]


def check_sql(warehouse: Warehouse, definitions: Definitions) -> None:
    """Check and normalise all SQL; add what is wrong to ``definitions.problems``.

    A warehouse that cannot be asked within the budget gives a warning, not a problem.
    """
    targets: list[_Target] = [(f"node_definitions.{i}", node) for i, node in enumerate(definitions.nodes)]
    targets += [(f"edge_definitions.{i}", edge) for i, edge in enumerate(definitions.edges)]
    readable = [target for target in targets if _check_text(warehouse, definitions, target)]
    if not definitions.problems:
        _check_source(warehouse, definitions, readable)


def _check_text(warehouse: Warehouse, definitions: Definitions, target: _Target) -> bool:
    path, definition = target
    columns = [name for name, _ in declared_columns(definition)]
    try:
        definition.sql = check_select(definition.sql, warehouse.dialect, columns)
    except SqlProblem as problem:
        definitions.problems.append((f"{path}.sql", f"{_title(definition)}: {problem}"))
        return False
    return True


def _check_source(warehouse: Warehouse, definitions: Definitions, targets: Sequence[_Target]) -> None:
    pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="describe")
    started = time.monotonic()
    try:
        runs: list[tuple[_Target, Future[Sequence[QueryColumn]]]] = [
            (target, pool.submit(warehouse.describe, target[1].sql)) for target in targets
        ]
        for (path, definition), run in runs:
            left = max(0.0, min(_SECONDS_PER_DEFINITION, _SECONDS_IN_ALL - (time.monotonic() - started)))
            try:
                columns = run.result(timeout=left)
            except FutureTimeoutError:
                definitions.warnings.append(_UNCHECKED.format(reason="it did not answer in time."))
                return
            except WarehouseError as error:
                if error.retryable:
                    definitions.warnings.append(_UNCHECKED.format(reason=str(error)))
                    return
                definitions.problems.append((f"{path}.sql", f"{_title(definition)}: {error}"))
            else:
                _check_columns(definitions, path, definition, columns)
    finally:
        # A description that hangs must not hold the reply.
        pool.shutdown(wait=False, cancel_futures=True)


def _check_columns(
    definitions: Definitions, path: str, definition: NodeDefinition | EdgeDefinition, found: Sequence[QueryColumn]
) -> None:
    types = {column.name.lower(): column for column in found}
    declared = source_columns(definition, definitions.nodes)
    for (name, field), wanted in zip(declared_columns(definition), declared, strict=True):
        column = types.get(name.lower())
        if column is None:
            definitions.problems.append((f"{path}.{field}", _missing(definition, name, [item.name for item in found])))
        elif (reason := incompatibility(column.data_type, wanted.type)) is not None:
            # A key of an edge has no type of its own: it takes that of the node it refers to.
            where = f"{path}.{field.removesuffix('.name')}.type" if field.endswith(".name") else f"{path}.{field}"
            definitions.problems.append((where, f"{_title(definition)}, column {name}: {reason}"))


def _missing(definition: NodeDefinition | EdgeDefinition, name: str, found: Sequence[str]) -> str:
    near = get_close_matches(name.lower(), [item.lower() for item in found], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{_title(definition)}: the SQL yields no column {name!r}.{hint} It yields: {', '.join(found)}."


def _title(definition: NodeDefinition | EdgeDefinition) -> str:
    return f"node {definition.label}" if isinstance(definition, NodeDefinition) else f"edge {definition.type}"
