"""Use cases of instances, as clients see them; starting and stopping is in ``orchestration``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from graph_olap.models import Instance, InstanceProgress
from graph_olap.models.common import format_timestamp
from sqlalchemy.orm import Session

from graph_olap_server.domain.durations import parse_duration
from graph_olap_server.domain.errors import validation_failed
from graph_olap_server.domain.lifetimes import new_lifetime
from graph_olap_server.domain.roles import Identity, require_owner
from graph_olap_server.domain.states import SNAPSHOT, require_status
from graph_olap_server.services.capacity import new_instance_gb, require_capacity, require_memory
from graph_olap_server.services.configuration import lifetime_rule
from graph_olap_server.services.context import Context
from graph_olap_server.services.lookup import (
    apply_lifecycle,
    find_instance,
    find_mapping,
    find_snapshot,
    find_version,
    lifetime_of_new,
    rename,
)
from graph_olap_server.services.requests import CreateInstance, ExtendInstance, Lifecycle, Rename, ShareInstance
from graph_olap_server.services.snapshots import add_snapshot
from graph_olap_server.services.views import instance_progress_view, instance_views
from graph_olap_server.store.events import record_event
from graph_olap_server.store.favorites import drop_favorites
from graph_olap_server.store.pages import Page, PageQuery, list_page
from graph_olap_server.store.tables import InstanceRow, SnapshotRow
from graph_olap_server.store.transitions import change_status

__all__ = [
    "ENGINES",
    "create_instance",
    "extend_instance",
    "get_instance",
    "get_instance_progress",
    "instance_view",
    "list_instances",
    "list_mapping_instances",
    "owned_instance",
    "record_activity",
    "rename_instance",
    "set_instance_lifecycle",
    "share_instance",
    "stop_instance_row",
    "terminate_instance",
]

ENGINES = ("kuzu", "ladybug")
"""Engines that may be asked for."""

_DEFAULT_ENGINE_ALIASES = ("ryugraph", "falkordb")


def list_instances(
    context: Context,
    query: PageQuery,
    *,
    caller: Identity | None = None,
    status: str | None = None,
    snapshot_id: int | None = None,
    mapping_id: int | None = None,
) -> Page[Instance]:
    """List instances of all owners; those that stop are gone."""
    equal = {"status": status, "snapshot_id": snapshot_id, "mapping_id": mapping_id}
    with context.database.read() as session:
        page = list_page(session, InstanceRow, query, equal, totals=context.database.totals)
        return page.with_items(instance_views(session, page.items, context.clock(), traces=_sees_traces(caller)))


def list_mapping_instances(
    context: Context, mapping_id: int, offset: int, limit: int, caller: Identity | None = None
) -> Page[Instance]:
    """List the instances of one mapping, newest first."""
    with context.database.read() as session:
        find_mapping(session, mapping_id)
    return list_instances(context, PageQuery(offset=offset, limit=limit), caller=caller, mapping_id=mapping_id)


def get_instance(context: Context, instance_id: int, caller: Identity | None = None) -> Instance:
    """Return an instance as the caller may see it."""
    with context.database.read() as session:
        return instance_view(context, session, find_instance(session, instance_id), caller)


def create_instance(context: Context, caller: Identity, request: CreateInstance) -> Instance:
    """Record an instance to be started, of a snapshot or of a mapping that is exported first."""
    if (request.snapshot_id is None) == (request.mapping_id is None):
        raise validation_failed([("snapshot_id", "send exactly one of snapshot_id and mapping_id")])
    engine = _engine(context, request.wrapper_type)
    now = context.clock()
    memory_gb = new_instance_gb(context)
    with context.database.write() as session:
        lifetime = lifetime_of_new(lifetime_rule(context, session, "instance"), now, request)
        if request.snapshot_id is not None:
            snapshot = find_snapshot(session, request.snapshot_id)
            require_status(SNAPSHOT, snapshot.id, snapshot.status, "ready")
            require_capacity(context, session, caller.username)
            require_memory(context, session, caller.username, memory_gb)
        else:
            snapshot = _implicit_snapshot(context, session, caller, request, now, memory_gb)
        snapshot.last_used_at = now
        waits = request.snapshot_id is None
        row = InstanceRow(
            owner_username=caller.username,
            name=request.name,
            description=request.description or None,
            mapping_id=snapshot.mapping_id,
            mapping_version=snapshot.mapping_version,
            snapshot_id=snapshot.id,
            wrapper_type=engine,
            status="waiting_for_snapshot" if waits else "starting",
            waits_for_snapshot=waits,
            starting_at=None if waits else now,
            cpu_cores=request.cpu_cores or context.settings.instance_cpu_cores,
            memory_gb=memory_gb,
            shared_users=[],
            shared_everyone=False,
            ttl=lifetime.ttl,
            inactivity_timeout=lifetime.inactivity_timeout,
            expires_at=lifetime.expires_at,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        record_event(session, "created", "instance", row.id, now=now, actor=caller.username, to_status=row.status)
        view = instance_view(context, session, row, caller)
    context.signals.exports.set()
    context.signals.instances.set()
    return view


def rename_instance(context: Context, caller: Identity, instance_id: int, request: Rename) -> Instance:
    """Change name or description."""
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        rename(row, request, now)
        record_event(session, "updated", "instance", row.id, now=now, actor=caller.username)
        return instance_view(context, session, row, caller)


def set_instance_lifecycle(context: Context, caller: Identity, instance_id: int, request: Lifecycle) -> Instance:
    """Change when an instance expires."""
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        apply_lifecycle(lifetime_rule(context, session, "instance"), row, now, request)
        record_event(session, "lifecycle_changed", "instance", row.id, now=now, actor=caller.username)
        return instance_view(context, session, row, caller)


def extend_instance(context: Context, caller: Identity, instance_id: int, request: ExtendInstance) -> Instance:
    """Add hours to the expiry; two extensions at the same time add up."""
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        expires = (row.expires_at or now) + timedelta(hours=request.hours)
        longest = lifetime_rule(context, session, "instance").max_ttl
        latest = None if longest is None else row.created_at + parse_duration(longest)
        if latest is not None and expires > latest:
            text = format_timestamp(latest.replace(microsecond=0))
            raise validation_failed(
                [("hours", f"instance {row.id} may live until {text} at most; ask for fewer hours")],
                max_expires_at=text,
            )
        row.expires_at, row.updated_at = expires, now
        details = {"hours": request.hours}
        record_event(session, "extended", "instance", row.id, now=now, actor=caller.username, details=details)
        return instance_view(context, session, row, caller)


def share_instance(context: Context, caller: Identity, instance_id: int, request: ShareInstance) -> Instance:
    """Set who besides the owner may read the instance."""
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        row.shared_users = sorted(set(request.users) - {row.owner_username})
        row.shared_everyone = request.everyone
        row.updated_at = now
        details: dict[str, Any] = {"users": row.shared_users, "everyone": row.shared_everyone}
        record_event(session, "shared", "instance", row.id, now=now, actor=caller.username, details=details)
        return instance_view(context, session, row, caller)


def terminate_instance(context: Context, caller: Identity, instance_id: int) -> None:
    """Let an instance go: it is gone for clients at once, its process ends in the background."""
    now = context.clock()
    with context.database.write() as session:
        row = owned_instance(session, caller, instance_id)
        stop_instance_row(session, row, now, caller.username)
    context.signals.removals.set()


def stop_instance_row(
    session: Session, row: InstanceRow, now: datetime, actor: str, details: dict[str, Any] | None = None
) -> None:
    """Make an instance disappear for clients; its engine is stopped afterwards by a job."""
    change_status(session, row, "stopping", now=now, actor=actor, details=details)
    drop_favorites(session, "instance", row.id)


def get_instance_progress(context: Context, instance_id: int) -> InstanceProgress:
    """Say how far the start of an instance is."""
    with context.database.read() as session:
        return instance_progress_view(session, find_instance(session, instance_id), context.clock())


def record_activity(context: Context, instance_id: int) -> None:
    """Note that somebody works with the instance."""
    with context.database.write() as session:
        find_instance(session, instance_id).last_activity_at = context.clock()


def _engine(context: Context, asked: str | None) -> str:
    if asked is None or asked.lower() in _DEFAULT_ENGINE_ALIASES:
        return context.settings.engine
    if asked.lower() not in ENGINES:
        raise validation_failed([("wrapper_type", f"unknown engine {asked!r}; use one of {', '.join(ENGINES)}")])
    return asked.lower()


def _implicit_snapshot(
    context: Context,
    session: Session,
    caller: Identity,
    request: CreateInstance,
    now: datetime,
    memory_gb: int | None,
) -> SnapshotRow:
    assert request.mapping_id is not None
    mapping = find_mapping(session, request.mapping_id)
    version = find_version(session, mapping, request.mapping_version)
    require_capacity(context, session, caller.username)
    require_memory(context, session, caller.username, memory_gb)
    return add_snapshot(
        context,
        session,
        caller,
        mapping,
        version,
        request.snapshot_name or request.name,
        new_lifetime(lifetime_rule(context, session, "snapshot"), now, None, None),
        description=None,
        implicit=True,
        now=now,
    )


def owned_instance(session: Session, caller: Identity, instance_id: int) -> InstanceRow:
    """Return an instance that the caller may change, or raise 404 or 403."""
    row = find_instance(session, instance_id)
    require_owner(caller, "instance", row.id, row.owner_username)
    return row


def instance_view(context: Context, session: Session, row: InstanceRow, caller: Identity | None) -> Instance:
    """Describe one instance; where it failed inside the platform is for admin and ops."""
    (view,) = instance_views(session, [row], context.clock(), traces=_sees_traces(caller))
    return view


def _sees_traces(caller: Identity | None) -> bool:
    return caller is not None and caller.is_admin
