"""The tables of the control plane.

Statuses are changed by :mod:`graph_olap_server.store.transitions` only. Ids are never reused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates

from graph_olap_server.store.search import search_text

__all__ = [
    "LIST_INDEXES",
    "ApiKeyRow",
    "Base",
    "ColumnRow",
    "EventRow",
    "ExportJobRow",
    "FailedLoginRow",
    "FavoriteRow",
    "FileRemovalRow",
    "HostRow",
    "InstanceRow",
    "JobRow",
    "ListStateRow",
    "MappingRow",
    "MappingVersionRow",
    "RequestOutcomeRow",
    "SchemaRow",
    "SettingRow",
    "SnapshotRow",
    "TableRow",
    "UserRow",
    "UtcDateTime",
    "WholeNumber",
]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware timestamp, stored in UTC by every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC; SQLite keeps no time zone."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware value."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


WholeNumber = BigInteger().with_variant(Integer(), "sqlite")
"""Ids and counts have 64 bits in every database; SQLite calls that ``INTEGER``."""

Big = Annotated[int, mapped_column(BigInteger)]
"""Sizes and counts of rows."""


class Base(DeclarativeBase):
    """Base of all tables; constraints have predictable names, so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        int: WholeNumber,
        dict[str, Any]: JSON(none_as_null=True),
        dict[str, int]: JSON(none_as_null=True),
        dict[str, str]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
    }


class UserRow(Base):
    """A user and the stored role."""

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_email", "email", unique=True),)

    username: Mapped[str] = mapped_column(String(255), primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320))
    display_name: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    role_changed_at: Mapped[datetime | None]
    role_changed_by: Mapped[str | None] = mapped_column(String(255))


class ApiKeyRow(Base):
    """An API key: its salted hash, never itself; found by its prefix, which is no secret.

    ``salt`` is null for keys of the first version, which are hashed again when they are next used.
    """

    __tablename__ = "api_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("users.username"), index=True)
    prefix: Mapped[str] = mapped_column(String(32), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    salt: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


LIST_INDEXES = {
    "list_created": ("created_at",),
    "list_name": ("name",),
    "list_updated": ("updated_at",),
    "list_owner_created": ("owner_username", "created_at"),
    "list_owner_name": ("owner_username", "name"),
    "list_owner_updated": ("owner_username", "updated_at"),
    "list_status_created": ("status", "created_at"),
}
"""Indexes of each listed table: what is filtered by, then the order; the id and what else filters look at follow."""


def _list_indexes(table: str, *status: str) -> Iterator[Index]:
    for name, columns in LIST_INDEXES.items():
        if status or "status" not in columns:
            more = (column for column in ("id", "created_at", *status) if column not in columns)
            yield Index(f"ix_{table}_{name}", *columns, *more)


class _Owned:
    """Columns that mappings, snapshots and instances share."""

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_username: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text, server_default="")
    ttl: Mapped[str | None] = mapped_column(String(64))
    inactivity_timeout: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @validates("name", "description")
    def _keep_search_text(self, changed: str, value: str | None) -> str | None:
        texts = {"name": self.name, "description": self.description, changed: value}
        self.search_text = search_text(**texts)
        return value


class MappingRow(_Owned, Base):
    """A mapping; its definitions are in its versions."""

    __tablename__ = "mappings"
    __table_args__ = (
        *_list_indexes("mappings"),
        {"sqlite_autoincrement": True},
    )

    current_version: Mapped[int]
    last_activity_at: Mapped[datetime]


class MappingVersionRow(Base):
    """One immutable version of a mapping."""

    __tablename__ = "mapping_versions"

    mapping_id: Mapped[int] = mapped_column(ForeignKey("mappings.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    change_description: Mapped[str | None] = mapped_column(Text)
    node_definitions: Mapped[list[dict[str, Any]]]
    edge_definitions: Mapped[list[dict[str, Any]]]
    node_count: Mapped[int]
    edge_type_count: Mapped[int]
    on_bad_rows: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(255))


class SnapshotRow(_Owned, Base):
    """An exported copy of a mapping version; the lease is held by whoever finalises it."""

    __tablename__ = "snapshots"
    __table_args__ = (
        *_list_indexes("snapshots", "status"),
        {"sqlite_autoincrement": True},
    )

    mapping_id: Mapped[int] = mapped_column(ForeignKey("mappings.id"), index=True)
    mapping_version: Mapped[int]
    status: Mapped[str] = mapped_column(String(32))
    uri: Mapped[str] = mapped_column(Text)
    implicit: Mapped[bool]
    size_bytes: Mapped[Big | None]
    node_counts: Mapped[dict[str, int] | None]
    edge_counts: Mapped[dict[str, int] | None]
    load_report: Mapped[dict[str, Any] | None]
    error_message: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_expires_at: Mapped[datetime | None]
    lease_holder: Mapped[str | None] = mapped_column(String(255))


class ExportJobRow(Base):
    """The export of one definition.

    ``attempts`` starts again with a retry; ``claims`` never does, so that it names the file of each attempt.
    """

    __tablename__ = "export_jobs"
    __table_args__ = (
        UniqueConstraint("snapshot_id", "entity_type", "entity_name"),
        Index("ix_export_jobs_status_not_before", "status", "not_before"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"))
    position: Mapped[int]
    entity_type: Mapped[str] = mapped_column(String(8))
    entity_name: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    claims: Mapped[int] = mapped_column(default=0)
    poll_count: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(255))
    claimed_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_expires_at: Mapped[datetime | None]
    row_count: Mapped[Big | None]
    size_bytes: Mapped[Big | None]
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InstanceRow(_Owned, Base):
    """A graph instance; the lease is held by whoever starts it.

    ``host`` is the machine that its engine runs on, for launchers that bind an engine to one.
    """

    __tablename__ = "instances"
    __table_args__ = (
        *_list_indexes("instances", "status"),
        {"sqlite_autoincrement": True},
    )

    mapping_id: Mapped[int] = mapped_column(index=True)
    mapping_version: Mapped[int]
    snapshot_id: Mapped[int] = mapped_column(index=True)
    wrapper_type: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(32))
    waits_for_snapshot: Mapped[bool]
    handle: Mapped[dict[str, Any] | None]
    host: Mapped[str | None] = mapped_column(String(200))
    instance_url: Mapped[str | None] = mapped_column(Text)
    reported: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    stack_trace: Mapped[str | None] = mapped_column(Text)
    shared_users: Mapped[list[str]]
    shared_everyone: Mapped[bool] = mapped_column(default=False)
    cpu_cores: Mapped[int]
    memory_gb: Mapped[int | None]
    memory_usage_bytes: Mapped[Big | None]
    disk_usage_bytes: Mapped[Big | None]
    starting_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_expires_at: Mapped[datetime | None]
    lease_holder: Mapped[str | None] = mapped_column(String(255))


class EventRow(Base):
    """The audit log: who did what to which object, when, from where and with which result; also changes of status.

    Objects without a number (users, jobs, configuration) have a name instead of an id.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_resource", "resource_type", "resource_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(255))
    event_type: Mapped[str] = mapped_column(String(64))
    resource_type: Mapped[str] = mapped_column(String(32))
    resource_id: Mapped[Big | None]
    resource_name: Mapped[str | None] = mapped_column(String(255))
    result: Mapped[str] = mapped_column(String(16), default="success", server_default="success")
    source: Mapped[str | None] = mapped_column(String(64))
    from_status: Mapped[str | None] = mapped_column(String(32))
    to_status: Mapped[str | None] = mapped_column(String(32))
    details: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None] = mapped_column(String(128))


class ListStateRow(Base):
    """The state of a listed table: another text after each change of what filters look at, set by triggers."""

    __tablename__ = "list_states"

    resource: Mapped[str] = mapped_column(String(16), primary_key=True)
    state: Mapped[str] = mapped_column(String(36))


class FavoriteRow(Base):
    """A bookmark of a user."""

    __tablename__ = "favorites"
    __table_args__ = (Index("ix_favorites_resource", "resource_type", "resource_id"),)

    username: Mapped[str] = mapped_column(String(255), primary_key=True)
    resource_type: Mapped[str] = mapped_column(String(16), primary_key=True)
    resource_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]


class JobRow(Base):
    """A background job of the deployment: when it ran, when it runs next, who runs it and who asked for it.

    ``triggered_at`` is the last accepted trigger, ``requested_at`` one that no run has taken up yet.
    """

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    interval_seconds: Mapped[float] = mapped_column(Double)
    next_run_at: Mapped[datetime | None]
    requested_at: Mapped[datetime | None]
    triggered_at: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_holder: Mapped[str | None] = mapped_column(String(255))
    lease_expires_at: Mapped[datetime | None]
    last_started_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_duration_ms: Mapped[Big | None]
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)


class FileRemovalRow(Base):
    """Stored files of a removed snapshot that still have to be deleted."""

    __tablename__ = "file_removals"

    snapshot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)


class HostRow(Base):
    """A machine on which a worker runs: ``beats`` goes up as long as it does.

    ``reconcile_requested_at`` asks for a comparison of its engines with the records, which only it can see.
    """

    __tablename__ = "hosts"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    beats: Mapped[int]
    seen_at: Mapped[datetime]
    reconcile_requested_at: Mapped[datetime | None]


class FailedLoginRow(Base):
    """A failed login; kept as long as it counts."""

    __tablename__ = "failed_logins"
    __table_args__ = (Index("ix_failed_logins_address_failed_at", "address", "failed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64))
    failed_at: Mapped[datetime] = mapped_column(index=True)


class SettingRow(Base):
    """A value that the platform keeps: what ops configured, or the time of the last schema refresh."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str] = mapped_column(String(255))


class SchemaRow(Base):
    """A schema of the warehouse, from the metadata cache; a catalog without schemas has one row with an empty name."""

    __tablename__ = "cached_schemas"

    id: Mapped[int] = mapped_column(primary_key=True)
    catalog_name: Mapped[str] = mapped_column(Text)
    schema_name: Mapped[str] = mapped_column(Text)


class TableRow(Base):
    """A table or view of the warehouse, from the metadata cache."""

    __tablename__ = "cached_tables"

    id: Mapped[int] = mapped_column(primary_key=True)
    catalog_name: Mapped[str] = mapped_column(Text)
    schema_name: Mapped[str] = mapped_column(Text)
    table_name: Mapped[str] = mapped_column(Text)
    table_type: Mapped[str] = mapped_column(Text)
    column_count: Mapped[int]
    search_name: Mapped[str] = mapped_column(Text, index=True)


class ColumnRow(Base):
    """A column of the warehouse, from the metadata cache."""

    __tablename__ = "cached_columns"

    id: Mapped[int] = mapped_column(primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("cached_tables.id", ondelete="CASCADE"), index=True)
    column_name: Mapped[str] = mapped_column(Text)
    data_type: Mapped[str] = mapped_column(Text)
    is_nullable: Mapped[bool]
    ordinal_position: Mapped[int]
    column_default: Mapped[str | None] = mapped_column(Text)
    search_name: Mapped[str] = mapped_column(Text, index=True)


class RequestOutcomeRow(Base):
    """A write that may be repeated: who works on it, what it changed, and its answer once there is one.

    The token is held by the attempt that runs; without a ``status`` there is no answer yet. ``resource_type`` with
    ``resource_id`` or ``resource_name`` is set in the transaction that does the work: an attempt that died after it is
    not repeated.
    """

    __tablename__ = "request_outcomes"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(36))
    lease_expires_at: Mapped[datetime]
    lease_holder: Mapped[str | None] = mapped_column(String(255))
    event_type: Mapped[str | None] = mapped_column(String(64))
    resource_type: Mapped[str | None] = mapped_column(String(32))
    resource_id: Mapped[int | None]
    resource_name: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
