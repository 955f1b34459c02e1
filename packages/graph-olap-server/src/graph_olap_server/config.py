"""All settings of the server in one object.

Every field is the environment variable ``GRAPH_OLAP_<FIELD>`` in upper case; the command line overrides the
environment. Passed in, never imported as a global.
"""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph_olap_server.domain.durations import parse_duration
from graph_olap_server.domain.lifetimes import LIFETIME_PARTS, LIFETIMES

__all__ = ["Settings", "is_loopback"]


class Settings(BaseSettings):
    """Settings of ``graph-olap serve`` and its parts."""

    model_config = SettingsConfigDict(env_prefix="GRAPH_OLAP_", extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(
        default_factory=lambda: Path.home() / ".graph-olap", description="Folder for state, snapshots and instances."
    )
    database_url: str | None = Field(
        None, description="Database: postgresql://user@host/name; default is SQLite in the data folder."
    )
    database_connections: int = Field(40, ge=4, description="Most connections to PostgreSQL that one process opens.")
    node_name: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        pattern=r"^[^:]+$",
        description="Name of this machine among those that share a database; default: its host name.",
    )
    host_timeout: float = Field(
        60.0, ge=1, description="Seconds without a sign of life after which another machine counts as lost."
    )
    snapshot_dir: Path | None = Field(
        None,
        description="Folder of the snapshots; machines that share a database share it. Default: in the data folder.",
    )
    control_plane_url: str | None = Field(
        None, description="Where instances reach the API, for several replicas; default: the address it listens on."
    )
    warehouse: str | None = Field(
        None, description="Warehouse URL: duckdb:///path/file.duckdb, or duckdb:///folder/ of Parquet and CSV files."
    )
    auth_mode: Literal["dev", "strict"] | None = Field(
        None, description="dev believes identity headers; default: dev on loopback, strict elsewhere."
    )
    auto_provision: bool = Field(True, description="Create users on first use of a valid identity (strict mode).")
    login_failures_limit: int = Field(
        20, ge=1, description="Failed logins of one client address in a window before it is answered 429."
    )
    login_failures_window: float = Field(60.0, gt=0, description="Seconds of that window.")
    jwt_jwks: str | None = Field(
        None, description="Keys of the identity provider (JWKS), an https URL or a file; accepts its RS256 tokens."
    )
    jwt_issuer: str | None = Field(None, description="Issuer that tokens must name; needed with jwt_jwks.")
    jwt_audience: str | None = Field(None, description="Audience that tokens must name; needed with jwt_jwks.")
    jwt_username_claim: str = Field("sub", min_length=1, description="Claim that holds the user name.")
    jwt_role_claim: str | None = Field(
        None, min_length=1, description="Claim that holds the role; not set: roles are kept here."
    )
    internal_api_key: SecretStr | None = Field(
        None, description="Shared secret between services; made and kept in the data folder when not set."
    )
    engine: str = Field("kuzu", description="Default graph engine: kuzu or ladybug.")
    instance_cpu_cores: int = Field(2, ge=1, le=8, description="CPU cores of a new instance.")
    instance_memory_gb: int | None = Field(
        None, description="Memory of a new instance in GB; default from the machine."
    )
    inactive_instances: Literal["terminate", "suspend"] = Field(
        "terminate", description="What becomes of an instance that nobody uses; a suspended one can be resumed."
    )
    memory_limits: bool = Field(False, description="Enforce the three limits of allocated memory below.")
    instance_memory_limit_gb: int = Field(32, ge=1, description="Most memory of one instance in GB.")
    user_memory_limit_gb: int = Field(64, ge=1, description="Most memory of all instances of one user in GB.")
    cluster_memory_limit_gb: int = Field(256, ge=1, description="Most memory of all instances together in GB.")
    instance_startup_timeout: float = Field(
        900.0, description="Seconds until a start that shows no success has failed."
    )
    instance_visibility: Literal["private", "open"] = Field(
        "private", description="open lets every user query every instance."
    )
    instance_watch_interval: float = Field(
        1.0, gt=0, description="Seconds between looks for instances whose process has died."
    )
    query_default_timeout_ms: int = Field(55_000, description="Time limit of a query that names none, in milliseconds.")
    query_max_timeout_ms: int = Field(
        1_800_000, ge=1_000, description="Longest time limit that a query may name, in milliseconds."
    )
    query_max_rows: int = Field(1_000_000, description="Largest JSON result in rows; Arrow results have no such limit.")
    query_max_bytes: int = Field(256 * 1024 * 1024, description="Largest JSON result in bytes.")
    query_concurrency: int = Field(8, description="Queries an instance runs at a time.")
    query_queue: int = Field(64, description="Queries that may wait for a slot.")
    export_workers: int = Field(1, description="Export jobs that run at a time in one process.")
    dry_run_max_duration: float = Field(
        300.0, gt=0, description="Seconds that the queries of one dry run of a mapping may take."
    )
    export_max_duration: float = Field(3600.0, description="Seconds until an export that is not done has failed.")
    keep_instances: bool = Field(
        False, description="Leave instances running when the server stops; the next adopts them."
    )
    per_analyst_limit: int = Field(5, description="Default limit of instances per user.")
    cluster_limit: int = Field(50, description="Default limit of instances in all.")
    mapping_default_ttl: str | None = Field(
        LIFETIMES["mapping"].default_ttl,
        description="Lifetime of a new mapping that names none; empty: none.",
    )
    mapping_default_inactivity: str | None = Field(
        LIFETIMES["mapping"].default_inactivity,
        description="Time without use until a new mapping that names none is removed; empty: none.",
    )
    mapping_max_ttl: str | None = Field(
        LIFETIMES["mapping"].max_ttl, description="Longest lifetime of a mapping; empty: none."
    )
    snapshot_default_ttl: str | None = Field(
        LIFETIMES["snapshot"].default_ttl,
        description="Lifetime of a new snapshot that names none; empty: none.",
    )
    snapshot_default_inactivity: str | None = Field(
        LIFETIMES["snapshot"].default_inactivity,
        description="Time without use until a new snapshot that names none is removed; empty: none.",
    )
    snapshot_max_ttl: str | None = Field(
        LIFETIMES["snapshot"].max_ttl,
        description="Longest lifetime of a snapshot; empty: none.",
    )
    instance_default_ttl: str | None = Field(
        LIFETIMES["instance"].default_ttl,
        description="Lifetime of a new instance that names none; empty: none.",
    )
    instance_default_inactivity: str | None = Field(
        LIFETIMES["instance"].default_inactivity,
        description="Time without use until a new instance that names none is removed; empty: none.",
    )
    instance_max_ttl: str | None = Field(
        LIFETIMES["instance"].max_ttl,
        description="Longest lifetime of an instance; empty: none.",
    )
    maintenance_enabled: bool = Field(False, description="Refuse new snapshots and instances, except from ops.")
    maintenance_message: str = Field("", max_length=1000, description="What users are told during maintenance.")
    explicit_snapshots: bool = Field(True, description="Let users create and change snapshots of their own.")
    audit_retention_days: int = Field(365, ge=1, description="Days that the audit log is kept.")
    reconciliation_interval: float = Field(300.0, description="Seconds between reconciliation runs.")
    lifecycle_interval: float = Field(300.0, description="Seconds between lifecycle runs.")
    export_reconciliation_interval: float = Field(60.0, description="Seconds between export reconciliation runs.")
    schema_cache_interval: float = Field(86_400.0, description="Seconds between refreshes of the schema cache.")
    orchestration_interval: float = Field(15.0, description="Seconds between orchestration runs without an event.")
    resource_monitor: bool = Field(
        True, description="Give instances that run out of memory more, as far as machine and limits allow."
    )
    resource_monitor_interval: float = Field(60.0, gt=0, description="Seconds between looks at the memory in use.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator(*(f"{kind}_{part}" for kind in LIFETIMES for part in LIFETIME_PARTS))
    @classmethod
    def _duration(cls, value: str | None) -> str | None:
        if not value:
            return None
        parse_duration(value)
        return value

    @model_validator(mode="after")
    def _resolve_auth_mode(self) -> Settings:
        loopback = is_loopback(self.host)
        if self.auth_mode is None:
            self.auth_mode = "dev" if loopback else "strict"
        if self.auth_mode == "dev" and not loopback:
            raise ValueError(
                f"auth mode 'dev' believes identity headers and is refused on {self.host}; "
                "listen on 127.0.0.1 or set GRAPH_OLAP_AUTH_MODE=strict"
            )
        return self

    @model_validator(mode="after")
    def _complete_jwt(self) -> Settings:
        if self.jwt_jwks is None:
            return self
        missing = [name for name in ("jwt_issuer", "jwt_audience") if not getattr(self, name)]
        if missing:
            names = " and ".join(f"GRAPH_OLAP_{name.upper()}" for name in missing)
            raise ValueError(f"tokens are accepted only for a known issuer and audience; set {names}")
        if self.jwt_jwks.startswith("http://") and not is_loopback(urlsplit(self.jwt_jwks).hostname or ""):
            raise ValueError("the keys of an identity provider must come over https; change GRAPH_OLAP_JWT_JWKS")
        return self

    @property
    def resolved_database_url(self) -> str:
        """The database URL that is in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'control-plane.db'}"

    @property
    def resolved_snapshot_dir(self) -> Path:
        """The folder of the snapshots that is in force."""
        return self.snapshot_dir or self.data_dir / "snapshots"

    @property
    def has_local_database(self) -> bool:
        """Whether all who use the database are on this machine."""
        return self.resolved_database_url.startswith("sqlite")

    @property
    def resolved_node_name(self) -> str:
        """The name of this machine that is in force; a local database needs none, and host names change on laptops."""
        return self.node_name or ("local" if self.has_local_database else socket.gethostname())


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
