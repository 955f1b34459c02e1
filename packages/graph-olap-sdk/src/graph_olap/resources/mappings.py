# Derived from graph_olap/aio/resources/mappings.py; edit that file and run `make sync`.
"""Mappings: how warehouse tables become a graph."""

from __future__ import annotations

from typing import Optional, Sequence

from graph_olap._definitions import Definitions, plain_definitions
from graph_olap._lifecycle import Lifetime, lifetimes
from graph_olap._request import Call, given, list_params
from graph_olap.exceptions import ValidationError
from graph_olap.http import HTTPClient
from graph_olap.models import DryRun, Mapping, MappingProposal
from graph_olap.pagination import PaginatedList
from graph_olap.resources.mapping_history import MappingHistory

__all__ = ["MappingResource"]


class MappingResource(MappingHistory):
    """Manage mapping definitions.

    Example:
        >>> people = client.mappings.create(
        ...     name="People at work",
        ...     node_definitions=[{
        ...         "label": "Person",
        ...         "sql": "SELECT id, name FROM people",
        ...         "primary_key": {"name": "id", "type": "INT64"},
        ...         "properties": [{"name": "name", "type": "STRING"}],
        ...     }],
        ... )
        >>> people.name
        'People at work'
    """

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def list(
        self,
        owner: Optional[str] = None,
        search: Optional[str] = None,
        created_after: Optional[str] = None,
        created_before: Optional[str] = None,
        sort_by: str = "created_at",
        sort_order: str = "desc",
        offset: int = 0,
        limit: int = 50,
    ) -> PaginatedList[Mapping]:
        """List mappings with optional filters; the items carry no definitions.

        Args:
            owner: Only mappings of this user.
            search: Text in name or description, any case.
            created_after: Earliest creation, ISO 8601.
            created_before: Latest creation, ISO 8601.
            sort_by: ``name``, ``created_at``, ``updated_at`` or ``current_version``.
            sort_order: ``asc`` or ``desc``.
            offset: Number of matches to skip.
            limit: Largest number of items, at most 100.

        Returns:
            One page; iterating gives :class:`Mapping` objects.

        Raises:
            ValidationError: A filter is wrong.

        Example:
            >>> for found in client.mappings.list(search="payments", sort_order="asc", limit=1):
            ...     print(found.name, found.current_version)
            Payments 1
        """
        params = list_params(
            limit,
            offset=offset,
            sort_by=sort_by,
            sort_order=sort_order,
            owner=owner,
            search=search,
            created_after=created_after,
            created_before=created_before,
        )
        return PaginatedList.fetch(self._http, "/api/mappings", params, Mapping.from_dict)

    def get(self, mapping_id: int) -> Mapping:
        """Get a mapping with the definitions of its current version.

        Args:
            mapping_id: Number of the mapping.

        Returns:
            The mapping, its definitions included.

        Raises:
            NotFoundError: There is no such mapping.

        Example:
            >>> found = client.mappings.get(mapping.id)
            >>> [node.label for node in found.node_definitions]
            ['Account']
        """
        return Mapping.from_dict(self._http.get(f"/api/mappings/{mapping_id}")["data"])

    def create(
        self,
        name: str,
        description: Optional[str] = None,
        node_definitions: Definitions = (),
        edge_definitions: Definitions = (),
        ttl: Optional[str] = None,
        inactivity_timeout: Optional[str] = None,
        *,
        on_bad_rows: Optional[str] = None,
    ) -> Mapping:
        """Create a mapping; names, types, keys and every SQL text are checked before anything is stored.

        Args:
            name: Display name.
            description: What it is for.
            node_definitions: One definition a node label, as :class:`NodeDefinition` or dictionary.
            edge_definitions: One definition a relationship type, as :class:`EdgeDefinition` or dictionary.
            ttl: Lifetime, an ISO 8601 duration such as ``"P7D"``.
            inactivity_timeout: Lifetime without use, an ISO 8601 duration.
            on_bad_rows: ``"strict"`` (any bad row fails the snapshot), ``"report"`` (default: edges with a null key or
                a missing end are left out and reported) or ``"skip"`` (all bad rows are left out and reported).

        Returns:
            The new mapping, with version 1.

        Raises:
            ValidationError: A definition is wrong or its SQL fails; ``details["errors"]`` lists every problem.

        Example:
            >>> from graph_olap import NodeDefinition
            >>> people = NodeDefinition(
            ...     label="Person",
            ...     sql="SELECT id, name FROM people",
            ...     primary_key={"name": "id", "type": "INT64"},
            ...     properties=[{"name": "name", "type": "STRING"}],
            ... )
            >>> created = client.mappings.create("People", "Who there is", [people], ttl="P7D")
            >>> created.current_version
            1
        """
        body = {
            "name": name,
            "description": description,
            **plain_definitions(node_definitions=node_definitions, edge_definitions=edge_definitions),
            **given(ttl=ttl, inactivity_timeout=inactivity_timeout, on_bad_rows=on_bad_rows),
        }
        return Mapping.from_dict(self._http.post("/api/mappings", body)["data"])

    def dry_run(
        self,
        node_definitions: Definitions,
        edge_definitions: Definitions = (),
        *,
        on_bad_rows: Optional[str] = None,
        timeout: float = 330.0,
    ) -> DryRun:
        """Check definitions against the data in the warehouse before anything is created.

        Args:
            node_definitions: As for :meth:`create`.
            edge_definitions: As for :meth:`create`.
            on_bad_rows: As for :meth:`create`; decides what makes the result invalid.
            timeout: Seconds to wait for the answer.

        Returns:
            Rows, bad keys, missing ends and values that do not fit of every definition, with estimates of size and
            load time. Print it for a table.

        Raises:
            ValidationError: A definition is wrong or its SQL fails; ``details["errors"]`` lists every problem.
            TimeoutError: The data takes longer than the server allows.

        Example:
            >>> check = client.mappings.dry_run(mapping.node_definitions, mapping.edge_definitions)
            >>> check.valid
            True
        """
        body = {
            **plain_definitions(node_definitions=node_definitions, edge_definitions=edge_definitions),
            **given(on_bad_rows=on_bad_rows),
        }
        reply = self._http.call(Call("POST", "/api/mappings/validate", json=body, timeout=timeout))
        return DryRun.from_dict(reply["data"])

    def infer(self, schema: str, *, tables: Optional[Sequence[str]] = None, timeout: float = 60.0) -> MappingProposal:
        """Propose a mapping for a schema of the warehouse; nothing is stored.

        Tables with a key become nodes, their references to other tables edges; a table that only joins others becomes
        edges alone. Keys and references are found by declared constraints, by names and by looking up samples of
        values (at most 10,000 different ones of a column) in the keys of other tables, all within 30 seconds.

        Args:
            schema: The schema, as ``"catalog.schema"``.
            tables: Only these tables; all of them by default, without views unless there are only views.
            timeout: Seconds to wait for the answer.

        Returns:
            Definitions with the evidence for each, and what was left out. Print it for a summary, edit its lists,
            check it with ``dry_run(**proposal.definitions)``, paste ``proposal.to_code()`` into a cell.

        Raises:
            ValidationError: ``schema`` is not ``"catalog.schema"``, or this kind of warehouse offers no look.
            NotFoundError: There is no such catalog, schema or table.
            ServiceUnavailableError: The warehouse does not answer.

        Example:
            >>> proposal = client.mappings.infer("bank.main", tables=["accounts", "transfers"])
            >>> [(edge.from_node, edge.type, edge.to_node) for edge in proposal.edge_definitions]
            [('Account', 'TRANSFERS', 'Account')]
            >>> client.mappings.dry_run(**proposal.definitions).valid
            True
        """
        catalog, separator, name = schema.partition(".")
        if not separator or not catalog or not name:
            raise ValidationError(
                f"schema: {schema!r} must name catalog and schema, such as 'bank.main'.",
                {"field": "schema"},
                hint="client.schema.list_catalogs() and list_schemas(catalog) show what there is.",
            )
        body = {
            "catalog_name": catalog,
            "schema_name": name,
            **given(tables=None if tables is None else [*tables]),
        }
        reply = self._http.call(Call("POST", "/api/mappings/infer", json=body, timeout=timeout))
        return MappingProposal.from_dict(reply["data"])

    def update(
        self,
        mapping_id: int,
        change_description: str,
        node_definitions: Optional[Definitions] = None,
        edge_definitions: Optional[Definitions] = None,
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        on_bad_rows: Optional[str] = None,
    ) -> Mapping:
        """Update a mapping; new definitions make a new version.

        Args:
            mapping_id: The mapping to change.
            change_description: What changes and why; required.
            node_definitions: The new node definitions; ``None`` keeps the current ones.
            edge_definitions: The new edge definitions; ``None`` keeps the current ones.
            name: A new display name.
            description: A new description; ``""`` clears it.
            on_bad_rows: As for :meth:`create`.

        Returns:
            The mapping with its new version.

        Raises:
            ValidationError: The change description is blank, or a definition is wrong.
            PermissionDeniedError: The mapping belongs to somebody else.
            NotFoundError: There is no such mapping.

        Example:
            >>> draft = client.mappings.copy(mapping.id, "Draft")
            >>> changed = client.mappings.update(draft.id, "Accounts alone", edge_definitions=[], name="Accounts")
            >>> changed.name, changed.current_version
            ('Accounts', 2)
        """
        body = {
            "change_description": change_description,
            **plain_definitions(**given(node_definitions=node_definitions, edge_definitions=edge_definitions)),
            **given(name=name, description=description, on_bad_rows=on_bad_rows),
        }
        return Mapping.from_dict(self._http.put(f"/api/mappings/{mapping_id}", body)["data"])

    def delete(self, mapping_id: int) -> None:
        """Delete a mapping.

        Args:
            mapping_id: Number of the mapping.

        Raises:
            DependencyError: Snapshots or instances of it exist.
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such mapping.

        Example:
            >>> draft = client.mappings.copy(mapping.id, "Not for long")
            >>> client.mappings.delete(draft.id)
        """
        self._http.delete(f"/api/mappings/{mapping_id}")

    def copy(self, mapping_id: int, new_name: str) -> Mapping:
        """Copy the current version of any mapping into a new one that you own.

        Args:
            mapping_id: Number of the mapping.
            new_name: Name of the new mapping.

        Returns:
            The new mapping, with version 1.

        Raises:
            NotFoundError: There is no such mapping.
            ValidationError: The name is wrong.

        Example:
            >>> mine = client.mappings.copy(mapping.id, "My payments")
            >>> mine.name
            'My payments'
        """
        return Mapping.from_dict(self._http.post(f"/api/mappings/{mapping_id}/copy", {"name": new_name})["data"])

    def set_lifecycle(self, mapping_id: int, ttl: Lifetime = None, inactivity_timeout: Lifetime = None) -> Mapping:
        """Set the lifetimes of a mapping, counted from now.

        Args:
            mapping_id: The mapping to change.
            ttl: An ISO 8601 duration, :data:`graph_olap.CLEAR` for no limit, ``None`` to leave it.
            inactivity_timeout: The same for the lifetime without use.

        Returns:
            The changed mapping.

        Raises:
            ValidationError: A duration is wrong or over the maximum.
            PermissionDeniedError: The mapping belongs to somebody else.

        Example:
            >>> from graph_olap import CLEAR
            >>> client.mappings.set_lifecycle(mapping.id, ttl="P7D", inactivity_timeout=CLEAR).ttl
            'P7D'
        """
        body = lifetimes(ttl, inactivity_timeout)
        return Mapping.from_dict(self._http.put(f"/api/mappings/{mapping_id}/lifecycle", body)["data"])
