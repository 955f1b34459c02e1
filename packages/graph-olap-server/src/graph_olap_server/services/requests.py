"""Bodies of the requests that change something. Fields follow section 2 of the contract."""

from __future__ import annotations

from typing import Annotated

from graph_olap.models import EdgeDefinition, NodeDefinition
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from graph_olap_server.domain.definitions import ON_BAD_ROWS
from graph_olap_server.domain.durations import parse_duration
from graph_olap_server.domain.names import MAX_DESCRIPTION, resource_name_problem, text_problem

__all__ = [
    "AuthorizeRequest",
    "CopyMapping",
    "CreateInstance",
    "CreateMapping",
    "CreateSnapshot",
    "ExtendInstance",
    "Flag",
    "InferMapping",
    "Integer",
    "Lifecycle",
    "Rename",
    "ShareInstance",
    "UpdateMapping",
    "ValidateMapping",
]


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _name(value: str) -> str:
    if (problem := resource_name_problem(value)) is not None:
        raise ValueError(problem)
    return value


def _description(value: str) -> str:
    if (problem := text_problem(value, MAX_DESCRIPTION)) is not None:
        raise ValueError(problem)
    return value


def _change_description(value: str) -> str:
    if (problem := text_problem(value, 1000, required=True)) is not None:
        raise ValueError(problem)
    return value


def _duration(value: str) -> str:
    parse_duration(value)
    return value


def _on_bad_rows(value: str) -> str:
    if value not in ON_BAD_ROWS:
        raise ValueError(f"{value!r} is not known; use one of {', '.join(ON_BAD_ROWS)}")
    return value


Name = Annotated[str, BeforeValidator(_trim), AfterValidator(_name)]
Description = Annotated[str, AfterValidator(_description)]
ChangeDescription = Annotated[str, AfterValidator(_change_description)]
Duration = Annotated[str, AfterValidator(_duration)]
BadRowsMode = Annotated[str, AfterValidator(_on_bad_rows)]
# Strict: Python would take true for 1 and "no" for false.
Integer = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
RecordId = Annotated[Integer, Field(ge=1, le=2**63 - 1)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore")


class CreateMapping(_Request):
    """Create a mapping."""

    name: Name
    description: Description | None = None
    node_definitions: list[NodeDefinition]
    edge_definitions: list[EdgeDefinition] = Field(default_factory=list)
    on_bad_rows: BadRowsMode = "report"
    ttl: Duration | None = None
    inactivity_timeout: Duration | None = None


class UpdateMapping(_Request):
    """Change a mapping; definitions that are present make a new version."""

    change_description: ChangeDescription
    name: Name | None = None
    description: Description | None = None
    node_definitions: list[NodeDefinition] | None = None
    edge_definitions: list[EdgeDefinition] | None = None
    on_bad_rows: BadRowsMode | None = None
    ttl: Duration | None = None
    inactivity_timeout: Duration | None = None

    @property
    def makes_version(self) -> bool:
        """Whether the graph's definition changes, not only the metadata."""
        return any(part is not None for part in (self.node_definitions, self.edge_definitions, self.on_bad_rows))


class ValidateMapping(_Request):
    """Check a mapping against the data without creating it; takes the body of :class:`CreateMapping` too."""

    node_definitions: list[NodeDefinition]
    edge_definitions: list[EdgeDefinition] = Field(default_factory=list)
    on_bad_rows: BadRowsMode = "report"


class InferMapping(_Request):
    """Propose a mapping from a schema of the warehouse."""

    catalog_name: Annotated[str, Field(min_length=1, max_length=255)]
    schema_name: Annotated[str, Field(min_length=1, max_length=255)]
    tables: Annotated[list[Annotated[str, Field(min_length=1, max_length=255)]], Field(min_length=1)] | None = None


class CopyMapping(_Request):
    """Copy a mapping under a new name."""

    name: Name


class Lifecycle(_Request):
    """Change lifetimes: absent leaves, null clears, a duration sets."""

    ttl: Duration | None = None
    inactivity_timeout: Duration | None = None


class CreateSnapshot(_Request):
    """Export a mapping."""

    mapping_id: RecordId
    name: Name
    description: Description | None = None
    version: RecordId | None = None
    mapping_version: RecordId | None = None
    ttl: Duration | None = None
    inactivity_timeout: Duration | None = None


class Rename(_Request):
    """Change name or description; absent or null leaves them, an empty description clears it."""

    name: Name | None = None
    description: Description | None = None


class CreateInstance(_Request):
    """Start an instance of a snapshot or, with ``mapping_id``, of a mapping that is exported first."""

    name: Name
    snapshot_id: RecordId | None = None
    mapping_id: RecordId | None = None
    mapping_version: RecordId | None = None
    snapshot_name: Name | None = None
    description: Description | None = None
    wrapper_type: str | None = None
    ttl: Duration | None = None
    inactivity_timeout: Duration | None = None
    cpu_cores: Integer | None = Field(default=None, ge=1, le=8)


class ExtendInstance(_Request):
    """Let an instance live longer."""

    hours: Integer = Field(default=24, ge=1, le=168)


class ShareInstance(_Request):
    """Who besides the owner may read an instance; replaces what was set before."""

    users: list[Annotated[str, Field(min_length=1, max_length=255)]] = Field(default_factory=list, max_length=1000)
    everyone: Flag = False


class AuthorizeRequest(_Request):
    """The credentials that a caller showed to an instance."""

    headers: dict[str, str] = Field(default_factory=dict)
