"""Finding a resource or saying plainly that it is not there; the lifetimes that a request asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import not_found, validation_failed
from graph_olap_server.domain.lifetimes import Lifetime, LifetimeRule, changed_lifetime, new_lifetime
from graph_olap_server.services.views import get_version
from graph_olap_server.store.tables import InstanceRow, MappingRow, MappingVersionRow, SnapshotRow

__all__ = [
    "apply_lifecycle",
    "find_instance",
    "find_mapping",
    "find_snapshot",
    "find_version",
    "lifetime_of_new",
    "rename",
]


class _Asked(Protocol):
    ttl: str | None
    inactivity_timeout: str | None


class _Changed(Protocol):
    ttl: str | None
    inactivity_timeout: str | None

    @property
    def model_fields_set(self) -> set[str]: ...


class _Renamed(Protocol):
    name: str | None
    description: str | None


def find_mapping(session: Session, mapping_id: int) -> MappingRow:
    """Return a mapping or raise 404."""
    row = session.get(MappingRow, mapping_id)
    if row is None:
        raise not_found("mapping", mapping_id)
    return row


def find_version(session: Session, mapping: MappingRow, version: int | None) -> MappingVersionRow:
    """Return a version of a mapping (the current one by default) or raise 404."""
    row = get_version(session, mapping.id, mapping.current_version if version is None else version)
    if row is None:
        raise not_found(
            "mapping_version",
            version,
            f"Mapping {mapping.id} has no version {version}; the newest is {mapping.current_version}.",
        )
    return row


def find_snapshot(session: Session, snapshot_id: int) -> SnapshotRow:
    """Return a snapshot or raise 404."""
    row = session.get(SnapshotRow, snapshot_id)
    if row is None:
        raise not_found("snapshot", snapshot_id)
    return row


def find_instance(session: Session, instance_id: int) -> InstanceRow:
    """Return an instance that clients may see or raise 404."""
    row = session.get(InstanceRow, instance_id)
    if row is None or row.status == "stopping":
        raise not_found("instance", instance_id)
    return row


def lifetime_of_new(rule: LifetimeRule, now: datetime, asked: _Asked) -> Lifetime:
    """Return the lifetime of a resource created now, or raise 400 when it is longer than allowed."""
    try:
        return new_lifetime(rule, now, asked.ttl, asked.inactivity_timeout)
    except ValueError as error:
        raise validation_failed([("ttl", str(error))]) from None


def apply_lifecycle(
    rule: LifetimeRule, row: MappingRow | SnapshotRow | InstanceRow, now: datetime, change: _Changed
) -> None:
    """Change the lifetimes that the request names: null clears, what is absent stays."""
    given = change.model_fields_set
    if "ttl" in given:
        try:
            row.expires_at = changed_lifetime(rule, row.created_at, now, change.ttl)
        except ValueError as error:
            raise validation_failed([("ttl", str(error))]) from None
        row.ttl = change.ttl
    if "inactivity_timeout" in given:
        row.inactivity_timeout = change.inactivity_timeout
    if given:
        row.updated_at = now


def rename(row: MappingRow | SnapshotRow | InstanceRow, request: _Renamed, now: datetime) -> None:
    """Set name and description where the request has them; an empty description clears it."""
    if request.name is not None:
        row.name = request.name
    if request.description is not None:
        row.description = request.description or None
    if request.name is not None or request.description is not None:
        row.updated_at = now
