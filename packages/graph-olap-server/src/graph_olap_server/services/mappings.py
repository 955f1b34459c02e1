"""Use cases of mappings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph_olap.models import EdgeDefinition, Mapping, MappingDiff, MappingVersion, NodeDefinition
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from graph_olap_server.domain.definitions import Definitions, check_definitions
from graph_olap_server.domain.diff import diff_versions
from graph_olap_server.domain.errors import PlatformError, invalid_state, validation_failed
from graph_olap_server.domain.lifetimes import new_lifetime
from graph_olap_server.domain.roles import Identity, require_owner
from graph_olap_server.services.configuration import lifetime_rule
from graph_olap_server.services.context import Context
from graph_olap_server.services.instances import stop_instance_row
from graph_olap_server.services.lookup import apply_lifecycle, find_mapping, find_version, lifetime_of_new, rename
from graph_olap_server.services.requests import CopyMapping, CreateMapping, Lifecycle, UpdateMapping
from graph_olap_server.services.snapshots import remove_snapshot_row
from graph_olap_server.services.sql_checks import check_sql
from graph_olap_server.services.views import mapping_view, mapping_views, version_view
from graph_olap_server.store.events import record_event
from graph_olap_server.store.favorites import drop_favorites
from graph_olap_server.store.pages import Page, PageQuery, list_page
from graph_olap_server.store.tables import InstanceRow, MappingRow, MappingVersionRow, SnapshotRow

__all__ = [
    "Checked",
    "check_new_definitions",
    "copy_mapping",
    "create_mapping",
    "delete_mapping",
    "diff_mapping",
    "get_mapping",
    "get_mapping_version",
    "list_mappings",
    "list_versions",
    "remove_mapping_row",
    "set_mapping_lifecycle",
    "update_mapping",
]


@dataclass(frozen=True, slots=True)
class Checked:
    """A mapping and the warnings that its checks gave."""

    mapping: Mapping
    warnings: list[str] = field(default_factory=list)


def list_mappings(context: Context, query: PageQuery) -> Page[Mapping]:
    """List mappings of all owners in summary form."""
    with context.database.read() as session:
        page = list_page(session, MappingRow, query, totals=context.database.totals)
        return page.with_items(mapping_views(session, page.items))


def get_mapping(context: Context, mapping_id: int) -> Mapping:
    """Return a mapping in full."""
    with context.database.read() as session:
        return mapping_view(session, find_mapping(session, mapping_id))


def create_mapping(context: Context, caller: Identity, request: CreateMapping) -> Checked:
    """Create version 1 of a mapping after checking everything that can be checked."""
    definitions = check_new_definitions(context, request.node_definitions, request.edge_definitions)
    now = context.clock()
    with context.database.write() as session:
        lifetime = lifetime_of_new(lifetime_rule(context, session, "mapping"), now, request)
        row = MappingRow(
            owner_username=caller.username,
            name=request.name,
            description=request.description or None,
            ttl=lifetime.ttl,
            inactivity_timeout=lifetime.inactivity_timeout,
            expires_at=lifetime.expires_at,
            created_at=now,
            updated_at=now,
            last_activity_at=now,
            current_version=0,
        )
        session.add(row)
        session.flush()
        _add_version(session, row, definitions, request.on_bad_rows, None, caller, now)
        record_event(session, "created", "mapping", row.id, now=now, actor=caller.username)
        return Checked(mapping_view(session, row), definitions.warnings)


def update_mapping(
    context: Context, caller: Identity, mapping_id: int, request: UpdateMapping, if_match: str | None = None
) -> Checked:
    """Change metadata and, where definitions are given, write the next version."""
    while True:
        with context.database.read() as session:
            row = find_mapping(session, mapping_id)
            require_owner(caller, "mapping", row.id, row.owner_username)
            _require_match(row, if_match)
            current = version_view(find_version(session, row, None))
        # Asking the warehouse takes time, so it happens outside the transaction.
        definitions = _merged(context, current, request) if request.makes_version else None
        now = context.clock()
        with context.database.write() as session:
            row = find_mapping(session, mapping_id)
            require_owner(caller, "mapping", row.id, row.owner_username)
            _require_match(row, if_match)
            if definitions is not None and row.current_version != current.version:
                # Somebody wrote a version meanwhile: what the request leaves out must be taken from that one.
                continue
            rename(row, request, now)
            apply_lifecycle(lifetime_rule(context, session, "mapping"), row, now, request)
            if definitions is not None:
                mode = request.on_bad_rows or current.on_bad_rows
                _add_version(session, row, definitions, mode, request.change_description, caller, now)
            row.updated_at = row.last_activity_at = now
            details = {"change_description": request.change_description, "version": row.current_version}
            record_event(session, "updated", "mapping", row.id, now=now, actor=caller.username, details=details)
            return Checked(mapping_view(session, row), [] if definitions is None else definitions.warnings)


def copy_mapping(context: Context, caller: Identity, mapping_id: int, request: CopyMapping) -> Mapping:
    """Copy the current version of any mapping; the copy belongs to the caller."""
    now = context.clock()
    with context.database.write() as session:
        source = find_mapping(session, mapping_id)
        version = find_version(session, source, None)
        source.last_activity_at = now
        lifetime = new_lifetime(lifetime_rule(context, session, "mapping"), now, source.ttl, source.inactivity_timeout)
        row = MappingRow(
            owner_username=caller.username,
            name=request.name,
            description=source.description,
            ttl=lifetime.ttl,
            inactivity_timeout=lifetime.inactivity_timeout,
            expires_at=lifetime.expires_at,
            created_at=now,
            updated_at=now,
            last_activity_at=now,
            current_version=0,
        )
        session.add(row)
        session.flush()
        view = version_view(version)
        definitions = Definitions(view.node_definitions, view.edge_definitions)
        _add_version(session, row, definitions, version.on_bad_rows, None, caller, now)
        details = {"copied_from": mapping_id}
        record_event(session, "created", "mapping", row.id, now=now, actor=caller.username, details=details)
        return mapping_view(session, row)


def delete_mapping(context: Context, caller: Identity, mapping_id: int) -> None:
    """Delete a mapping with its versions, unless somebody still needs it."""
    now = context.clock()
    with context.database.write() as session:
        row = find_mapping(session, mapping_id)
        require_owner(caller, "mapping", row.id, row.owner_username)
        remove_mapping_row(session, row, now, caller.username)
    context.signals.removals.set()


def remove_mapping_row(session: Session, row: MappingRow, now: datetime, actor: str) -> None:
    """Delete a mapping with its versions, failed instances and implicit snapshots, or raise 409."""
    live = InstanceRow.status.notin_(("failed", "stopping"))
    _require_none(session, row, "instance", InstanceRow, live)
    _require_none(session, row, "snapshot", SnapshotRow, SnapshotRow.implicit.is_(False))
    failed = select(InstanceRow).where(InstanceRow.mapping_id == row.id, InstanceRow.status == "failed")
    for instance in session.scalars(failed):
        # Its engine may still have to be stopped, which is the way of every instance.
        stop_instance_row(session, instance, now, actor)
    for snapshot in session.scalars(select(SnapshotRow).where(SnapshotRow.mapping_id == row.id)):
        remove_snapshot_row(session, snapshot, now, actor)
    session.flush()
    drop_favorites(session, "mapping", row.id)
    record_event(session, "deleted", "mapping", row.id, now=now, actor=actor)
    session.delete(row)


def list_versions(context: Context, mapping_id: int, offset: int | None, limit: int | None) -> Page[MappingVersion]:
    """List versions, newest first; all of them when neither ``offset`` nor ``limit`` is given."""
    with context.database.read() as session:
        total = find_mapping(session, mapping_id).current_version
        if offset is None and limit is None:
            limit = total
        offset, limit = offset or 0, 50 if limit is None else limit
        rows = session.scalars(
            select(MappingVersionRow)
            .where(MappingVersionRow.mapping_id == mapping_id)
            .order_by(MappingVersionRow.version.desc())
            .offset(offset)
            .limit(limit)
        )
        return Page([version_view(row) for row in rows], total, offset, limit)


def get_mapping_version(context: Context, mapping_id: int, version: int) -> MappingVersion:
    """Return one version of a mapping."""
    with context.database.read() as session:
        return version_view(find_version(session, find_mapping(session, mapping_id), version))


def diff_mapping(context: Context, mapping_id: int, old: int, new: int) -> MappingDiff:
    """Compare two versions of a mapping."""
    with context.database.read() as session:
        row = find_mapping(session, mapping_id)
        versions = [version_view(find_version(session, row, version)) for version in (old, new)]
    if old == new:
        raise validation_failed([("to_version", f"version {new} cannot be compared with itself; name another one")])
    return diff_versions(mapping_id, *versions)


def set_mapping_lifecycle(context: Context, caller: Identity, mapping_id: int, request: Lifecycle) -> Mapping:
    """Change when a mapping expires."""
    now = context.clock()
    with context.database.write() as session:
        row = find_mapping(session, mapping_id)
        require_owner(caller, "mapping", row.id, row.owner_username)
        apply_lifecycle(lifetime_rule(context, session, "mapping"), row, now, request)
        record_event(session, "lifecycle_changed", "mapping", row.id, now=now, actor=caller.username)
        return mapping_view(session, row)


def check_new_definitions(
    context: Context, nodes: Sequence[NodeDefinition], edges: Sequence[EdgeDefinition]
) -> Definitions:
    """Check definitions and their SQL.

    Raises:
        PlatformError: ``VALIDATION_FAILED``, with every problem.
    """
    definitions = check_definitions(nodes, edges)
    if not definitions.problems:
        check_sql(context.warehouse, definitions)
    if definitions.problems:
        raise validation_failed(definitions.problems)
    return definitions


def _merged(context: Context, current: MappingVersion, request: UpdateMapping) -> Definitions:
    return check_new_definitions(
        context,
        current.node_definitions if request.node_definitions is None else request.node_definitions,
        current.edge_definitions if request.edge_definitions is None else request.edge_definitions,
    )


def _add_version(
    session: Session,
    row: MappingRow,
    definitions: Definitions,
    on_bad_rows: str,
    change_description: str | None,
    caller: Identity,
    now: datetime,
) -> None:
    row.current_version += 1
    session.add(
        MappingVersionRow(
            mapping_id=row.id,
            version=row.current_version,
            change_description=change_description,
            node_definitions=[node.to_dict() for node in definitions.nodes],
            edge_definitions=[edge.to_dict() for edge in definitions.edges],
            node_count=len(definitions.nodes),
            edge_type_count=len(definitions.edges),
            on_bad_rows=on_bad_rows,
            created_at=now,
            created_by=caller.username,
        )
    )
    session.flush()


def _require_match(row: MappingRow, if_match: str | None) -> None:
    if if_match is None:
        return
    wanted = [tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")]
    if "*" not in wanted and str(row.current_version) not in wanted:
        raise invalid_state(
            "mapping",
            row.id,
            f"version {row.current_version}",
            f"version {if_match}",
            f"Mapping {row.id} is at version {row.current_version}, not {if_match}. Read it and repeat the change.",
        )


def _require_none(session: Session, row: MappingRow, kind: str, model: Any, condition: Any) -> None:
    count = session.execute(
        select(func.count()).select_from(model).where(model.mapping_id == row.id, condition)
    ).scalar_one()
    if count:
        raise PlatformError(
            "RESOURCE_HAS_DEPENDENCIES",
            f"Mapping {row.id} still has {count} {kind}(s). Remove them first.",
            {"resource_type": "mapping", "resource_id": row.id, "dependent_type": kind, "dependent_count": count},
        )
