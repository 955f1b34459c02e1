"""What ops can configure while the platform runs: from the database when it was changed, else from the settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graph_olap.models import (
    ConcurrencyConfig,
    ExportConfig,
    LifecycleConfig,
    MaintenanceMode,
    ResourceLifecycleConfig,
)
from sqlalchemy.orm import Session

from graph_olap_server.domain.errors import PlatformError, validation_failed
from graph_olap_server.domain.lifetimes import LIFETIME_PARTS, LIFETIMES, LifetimeRule, rule_problem
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.services.context import Context
from graph_olap_server.services.ops_requests import (
    UpdateConcurrency,
    UpdateExport,
    UpdateLifecycle,
    UpdateMaintenance,
)
from graph_olap_server.store.events import record_event
from graph_olap_server.store.tables import SettingRow

__all__ = [
    "concurrency",
    "export_limit",
    "get_concurrency",
    "get_export",
    "get_lifecycle",
    "get_maintenance",
    "lifetime_rule",
    "require_explicit_snapshots",
    "require_no_maintenance",
    "update_concurrency",
    "update_export",
    "update_lifecycle",
    "update_maintenance",
]

_MAINTENANCE = "The platform is in maintenance; new snapshots and instances are not possible at the moment."


def lifetime_rule(context: Context, session: Session, kind: str) -> LifetimeRule:
    """Return the lifetimes in force for ``mapping``, ``snapshot`` or ``instance``."""
    changed = _stored(session, "lifecycle").get(kind, {})
    return LifetimeRule(
        **{part: changed.get(part, getattr(context.settings, f"{kind}_{part}")) for part in LIFETIME_PARTS}
    )


def concurrency(context: Context, session: Session) -> ConcurrencyConfig:
    """Return the limits of instances in force."""
    settings = context.settings
    defaults = {"per_analyst": settings.per_analyst_limit, "cluster_total": settings.cluster_limit}
    return ConcurrencyConfig(**{**defaults, **_stored(session, "concurrency")}, **_changed(session, "concurrency"))


def export_limit(context: Context, session: Session) -> float:
    """Return how many seconds an export may take."""
    return float(_stored(session, "export").get("max_duration_seconds", context.settings.export_max_duration))


def require_no_maintenance(context: Context, caller: Identity) -> None:
    """Raise 503 while maintenance mode is on; ops may work on."""
    if caller.role.includes(Role.OPS):
        return
    mode = get_maintenance(context)
    if mode.enabled:
        details = {"service": "maintenance", "enabled": True}
        raise PlatformError("MAINTENANCE_MODE", mode.message or _MAINTENANCE, details, retry_after=60)


def require_explicit_snapshots(context: Context) -> None:
    """Raise 403 where snapshots are made by the platform only."""
    if not context.settings.explicit_snapshots:
        raise PlatformError(
            "FEATURE_DISABLED",
            "Snapshots of one's own are switched off here. Create an instance from the mapping instead.",
            {"feature": "explicit_snapshots"},
        )


def get_lifecycle(context: Context) -> LifecycleConfig:
    """Return all lifetimes in force."""
    with context.database.read() as session:
        return _lifecycle(context, session)


def update_lifecycle(context: Context, caller: Identity, request: UpdateLifecycle) -> tuple[LifecycleConfig, datetime]:
    """Change lifetimes of resources created from now on; return what is in force and since when."""
    now = context.clock()
    with context.database.write() as session:
        changed: dict[str, Any] = {kind: dict(parts) for kind, parts in _stored(session, "lifecycle").items()}
        for kind in LIFETIMES:
            for part, value in request.changes(kind).items():
                changed.setdefault(kind, {})[part] = value or None
        _store(session, "lifecycle", changed, caller, now)
        session.flush()
        problems = [
            (f"{kind}.default_ttl", problem)
            for kind in LIFETIMES
            if (problem := rule_problem(lifetime_rule(context, session, kind))) is not None
        ]
        if problems:
            raise validation_failed(problems)
        return _lifecycle(context, session), now


def get_concurrency(context: Context) -> ConcurrencyConfig:
    """Return the limits of instances in force."""
    with context.database.read() as session:
        return concurrency(context, session)


def update_concurrency(context: Context, caller: Identity, request: UpdateConcurrency) -> ConcurrencyConfig:
    """Change limits; running instances are never stopped by it."""
    now = context.clock()
    given = request.model_dump(exclude_none=True)
    if not given:
        raise validation_failed([("per_analyst", "send per_analyst, cluster_total or both")])
    with context.database.write() as session:
        _store(session, "concurrency", {**_stored(session, "concurrency"), **given}, caller, now)
        session.flush()
        limits = concurrency(context, session)
        if limits.per_analyst > limits.cluster_total:
            reason = f"{limits.per_analyst} per analyst is more than the {limits.cluster_total} of the whole platform"
            raise validation_failed([("per_analyst", reason)])
        return limits


def get_maintenance(context: Context) -> MaintenanceMode:
    """Return whether creating is switched off."""
    defaults = {
        "enabled": context.settings.maintenance_enabled,
        "message": context.settings.maintenance_message,
    }
    with context.database.read() as session:
        return MaintenanceMode(**{**defaults, **_stored(session, "maintenance")}, **_changed(session, "maintenance"))


def update_maintenance(context: Context, caller: Identity, request: UpdateMaintenance) -> MaintenanceMode:
    """Switch creating off or on."""
    with context.database.write() as session:
        _store(session, "maintenance", request.model_dump(), caller, context.clock())
    return get_maintenance(context)


def get_export(context: Context) -> ExportConfig:
    """Return how long an export may take."""
    with context.database.read() as session:
        limit = round(export_limit(context, session))
        return ExportConfig(max_duration_seconds=limit, **_changed(session, "export"))


def update_export(context: Context, caller: Identity, request: UpdateExport) -> ExportConfig:
    """Change how long an export may take, also for those on their way."""
    with context.database.write() as session:
        _store(session, "export", request.model_dump(), caller, context.clock())
    return get_export(context)


def _lifecycle(context: Context, session: Session) -> LifecycleConfig:
    rules = {kind: lifetime_rule(context, session, kind) for kind in LIFETIMES}
    parts = {
        kind: ResourceLifecycleConfig(**{part: getattr(rule, part) for part in LIFETIME_PARTS})
        for kind, rule in rules.items()
    }
    return LifecycleConfig(**parts)


def _stored(session: Session, area: str) -> dict[str, Any]:
    row = session.get(SettingRow, f"config.{area}")
    return {} if row is None else row.value


def _changed(session: Session, area: str) -> dict[str, Any]:
    row = session.get(SettingRow, f"config.{area}")
    return {} if row is None else {"updated_at": row.updated_at, "updated_by": row.updated_by}


def _store(session: Session, area: str, value: dict[str, Any], caller: Identity, now: datetime) -> None:
    row = SettingRow(key=f"config.{area}", value=value, updated_at=now, updated_by=caller.username)
    session.merge(row)
    actor = caller.username
    record_event(session, "configured", "configuration", resource_name=area, now=now, actor=actor, details=value)
