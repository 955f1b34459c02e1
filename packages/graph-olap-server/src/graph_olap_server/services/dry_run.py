"""Say what a mapping would find in the data, before anything is created."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Literal

from graph_olap.models import DefinitionCheck, DryRun, EdgeDefinition, NodeDefinition, RejectedRows, TypeClash

from graph_olap_server.domain.definitions import bad_rows_fail
from graph_olap_server.domain.errors import PlatformError, unavailable, validation_failed
from graph_olap_server.services.context import Context
from graph_olap_server.services.mappings import check_new_definitions
from graph_olap_server.services.requests import ValidateMapping
from graph_olap_server.snapshots.columns import source_columns
from graph_olap_server.snapshots.estimate import bytes_per_row
from graph_olap_server.warehouse.base import (
    Profile,
    ProfileTarget,
    SourceColumn,
    WarehouseError,
    WarehouseTimeoutError,
)

__all__ = ["dry_run"]

# From `make bench`: 11 million rows with two properties are loaded in 8.1 s on two cores.
_START_SECONDS = 0.8
_SECONDS_PER_ROW = 0.67e-6

# Each runs the analyst's SQL several times; more of them at once would only make all of them late.
_slots = threading.BoundedSemaphore(2)

_Definition = NodeDefinition | EdgeDefinition


def dry_run(context: Context, request: ValidateMapping) -> tuple[DryRun, list[str]]:
    """Check definitions as for a new mapping, then count what the data holds; return also the checks' warnings.

    Raises:
        PlatformError: ``VALIDATION_FAILED`` as for a new mapping, ``REQUEST_TIMEOUT`` when the data takes too long,
            ``SERVICE_UNAVAILABLE`` when the warehouse cannot be reached or two dry runs are going on.
    """
    started = time.monotonic()
    definitions = check_new_definitions(context, request.node_definitions, request.edge_definitions)
    if not _slots.acquire(timeout=1.0):
        raise unavailable("warehouse", "Two dry runs are going on. Repeat this one when they are done.", retry_after=5)
    try:
        items: list[_Definition] = [*definitions.nodes, *definitions.edges]
        checks = _check(context, items, definitions.nodes, request.on_bad_rows)
    finally:
        _slots.release()
    problems = [problem for check in checks for problem in _problems(check, request.on_bad_rows)]
    sizes = [check.estimated_bytes for check in checks]
    nodes = sum(check.rows_loaded for check in checks if check.type == "node")
    edges = sum(check.rows_loaded for check in checks if check.type == "edge")
    report = DryRun(
        valid=not problems,
        on_bad_rows=request.on_bad_rows,
        problems=problems,
        definitions=checks,
        estimated_nodes=nodes,
        estimated_edges=edges,
        estimated_bytes=None if None in sizes else sum(size or 0 for size in sizes),
        estimated_load_seconds=round(_START_SECONDS + (nodes + edges) * _SECONDS_PER_ROW, 1),
        elapsed_ms=round((time.monotonic() - started) * 1000),
    )
    return report, definitions.warnings


def _check(
    context: Context, items: Sequence[_Definition], nodes: Sequence[NodeDefinition], on_bad_rows: str
) -> list[DefinitionCheck]:
    seconds = context.settings.dry_run_max_duration
    targets = [_target(item, nodes) for item in items]
    try:
        profiles = context.warehouse.profile(targets, seconds)
        return [
            _report(context, item, target, profile)
            for item, target, profile in zip(items, targets, profiles, strict=True)
        ]
    except WarehouseTimeoutError as error:
        raise PlatformError(
            "REQUEST_TIMEOUT",
            f"The dry run took longer than {seconds:g} s and was stopped. Try it with a filter in the SQL, or create "
            "the mapping and read the load report of its snapshot.",
            {"timeout_ms": round(seconds * 1000)},
        ) from error
    except WarehouseError as error:
        if error.retryable:
            raise unavailable("warehouse", str(error)) from error
        raise validation_failed([("", str(error))]) from error


def _target(item: _Definition, nodes: Sequence[NodeDefinition]) -> ProfileTarget:
    columns = tuple(source_columns(item, nodes))
    if isinstance(item, NodeDefinition):
        return ProfileTarget(item.label, item.sql, columns)
    return ProfileTarget(item.type, item.sql, columns, (item.from_node, item.to_node))


def _report(context: Context, item: _Definition, target: ProfileTarget, profile: Profile) -> DefinitionCheck:
    rejected = sum(bad.rows for bad in profile.bad)
    size = None
    if not profile.misfits:
        size = round(_bytes_per_row(context, target.sql, target.columns) * (profile.rows - rejected))
    return DefinitionCheck(
        name=target.name,
        type="node" if isinstance(item, NodeDefinition) else "edge",
        rows_read=profile.rows,
        rows_loaded=profile.rows - rejected,
        rows_rejected=rejected,
        rejected=[
            RejectedRows(reason=bad.reason, rows=bad.rows, column=bad.column, sample_keys=list(bad.sample_keys))
            for bad in profile.bad
        ],
        clashes=[
            TypeClash(column=found.column, type=found.type, rows=found.rows, sample=found.sample)
            for found in profile.misfits
        ],
        estimated_bytes=size,
    )


def _bytes_per_row(context: Context, sql: str, columns: Sequence[SourceColumn]) -> float:
    with context.warehouse.export(sql, columns) as stream:
        return bytes_per_row(stream)


def _problems(check: DefinitionCheck, on_bad_rows: str) -> list[str]:
    """Say why a snapshot would fail."""
    title = f"{check.type.capitalize()} {check.name}"
    problems = [
        f"{title}: {clash.rows:,} values of {clash.column} do not fit {clash.type}, for example {clash.sample!r}. "
        "Fix them in the SQL or declare another type."
        for clash in check.clashes
    ]
    kind: Literal["node", "edge"] = "node" if check.type == "node" else "edge"
    if check.rejected and bad_rows_fail(on_bad_rows, kind):
        reasons = ", ".join(f"{found.rows:,} with {found.reason.replace('_', ' ')}" for found in check.rejected)
        problems.append(
            f"{title}: {check.rows_rejected:,} of {check.rows_read:,} rows cannot be loaded ({reasons}), and "
            f"on_bad_rows={on_bad_rows!r} does not allow that."
        )
    return problems
