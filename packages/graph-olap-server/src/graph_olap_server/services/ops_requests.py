"""Bodies of the requests of admins and ops. Fields follow section 2 of the contract."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from graph_olap_server.domain.durations import parse_duration
from graph_olap_server.services.requests import Flag, Integer, RecordId

__all__ = [
    "AddFavorite",
    "AssignRole",
    "BulkDelete",
    "BulkFilters",
    "CreateUser",
    "ResizeCpu",
    "ResizeMemory",
    "ResourceType",
    "TriggerJob",
    "UpdateConcurrency",
    "UpdateExport",
    "UpdateLifecycle",
    "UpdateMaintenance",
    "UpdateUser",
]

ResourceType = Literal["mapping", "snapshot", "instance"]
"""Kinds of objects that users own."""


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _duration(value: str) -> str:
    if value:
        parse_duration(value)
    return value


def _email(value: str) -> str:
    name, at, domain = value.rpartition("@")
    if not (name and at and domain) or any(character.isspace() for character in value):
        raise ValueError(f"{value!r} is not an e-mail address")
    return value.lower()


def _role(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Setting = Annotated[str, AfterValidator(_duration)]
Text255 = Annotated[str, BeforeValidator(_trim), Field(min_length=1, max_length=255)]
Email = Annotated[str, BeforeValidator(_trim), Field(max_length=320), AfterValidator(_email)]
RoleName = Annotated[Literal["analyst", "admin", "ops"], BeforeValidator(_role)]
Reason = Annotated[str, BeforeValidator(_trim), Field(min_length=1, max_length=500)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore")


class AddFavorite(_Request):
    """Bookmark an object."""

    resource_type: ResourceType
    resource_id: RecordId


class CreateUser(_Request):
    """Add a user."""

    username: Text255
    email: Email
    display_name: Text255
    role: RoleName = "analyst"


class UpdateUser(_Request):
    """Change a user; what is absent or null stays."""

    email: Email | None = None
    display_name: Text255 | None = None
    is_active: Flag | None = None


class AssignRole(_Request):
    """Give a user another role."""

    role: RoleName


class _Lifetimes(_Request):
    default_ttl: Setting | None = None
    default_inactivity: Setting | None = None
    max_ttl: Setting | None = None


class UpdateLifecycle(_Request):
    """Change lifetimes: absent or null leaves, a duration sets, an empty text removes."""

    mapping: _Lifetimes | None = None
    snapshot: _Lifetimes | None = None
    instance: _Lifetimes | None = None

    def changes(self, kind: str) -> dict[str, Any]:
        """Return what the request says about one kind of resource."""
        asked: _Lifetimes | None = getattr(self, kind)
        return {} if asked is None else asked.model_dump(exclude_none=True)


class UpdateConcurrency(_Request):
    """Change the limits of instances; at least one of them."""

    per_analyst: Integer | None = Field(default=None, ge=1, le=100)
    cluster_total: Integer | None = Field(default=None, ge=1, le=1000)


class UpdateMaintenance(_Request):
    """Switch maintenance mode."""

    enabled: Flag
    message: str = Field(default="", max_length=1000)


class UpdateExport(_Request):
    """Change how long an export may take."""

    max_duration_seconds: Integer = Field(ge=60, le=86_400)


class TriggerJob(_Request):
    """Run a background job now."""

    job_name: str
    reason: Reason = "manual-trigger"


class BulkFilters(_Request):
    """What to delete: all filters must match, and there must be one."""

    name_prefix: str | None = Field(default=None, min_length=1, max_length=255)
    created_by: str | None = Field(default=None, min_length=1, max_length=255)
    older_than_hours: Integer | None = Field(default=None, ge=1, le=1_000_000)
    status: str | None = None


class BulkDelete(_Request):
    """Delete many objects at once."""

    resource_type: ResourceType
    filters: BulkFilters
    reason: Reason
    expected_count: Integer | None = Field(default=None, ge=0)
    dry_run: Flag = False


class ResizeCpu(_Request):
    """Give an instance other CPU cores."""

    cpu_cores: Integer = Field(ge=1, le=8)


class ResizeMemory(_Request):
    """Give an instance more memory."""

    memory_gb: Integer = Field(ge=2, le=32)
