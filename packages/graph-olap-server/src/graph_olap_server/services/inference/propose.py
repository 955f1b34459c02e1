"""Propose a mapping from a schema of the warehouse; nothing is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from graph_olap.models.inference import LeftOut, MappingProposal

from graph_olap_server.domain.errors import not_found, unavailable, validation_failed
from graph_olap_server.services.context import Context
from graph_olap_server.services.inference.definitions import draft
from graph_olap_server.services.inference.keys import Key, find_key
from graph_olap_server.services.inference.references import find_references
from graph_olap_server.services.requests import InferMapping
from graph_olap_server.warehouse.base import CatalogInfo, TableInfo, WarehouseError, WarehouseTimeoutError
from graph_olap_server.warehouse.probe import SchemaProbe

__all__ = ["infer_mapping"]

_MOST_TABLES = 200
_SECONDS = 30.0

# Each asks many questions of the warehouse; more of them at once would only make all of them late.
_slots = threading.BoundedSemaphore(2)


def infer_mapping(context: Context, request: InferMapping) -> MappingProposal:
    """Look at a schema and propose definitions, with evidence.

    Raises:
        PlatformError: ``RESOURCE_NOT_FOUND`` when there is no such catalog, schema or table, ``VALIDATION_FAILED`` when
            the kind of warehouse offers no look, ``SERVICE_UNAVAILABLE`` when it does not answer or is busy with two
            proposals.
    """
    started = time.monotonic()
    if not _slots.acquire(timeout=1.0):
        raise unavailable("warehouse", "Two proposals are being made. Repeat this when they are done.", retry_after=5)
    try:
        catalog, schema = _find_schema(context.warehouse.catalogs(), request)
        with context.warehouse.probe(catalog.name, schema, _SECONDS) as probe:
            proposal = _propose(probe, (catalog.name, schema), context.warehouse.dialect, request.tables)
    except WarehouseError as error:
        if error.retryable:
            raise unavailable("warehouse", str(error)) from error
        raise validation_failed([("", str(error))]) from error
    finally:
        _slots.release()
    proposal.elapsed_ms = round((time.monotonic() - started) * 1000)
    return proposal


def _propose(probe: SchemaProbe, place: tuple[str, str], dialect: str, wanted: Sequence[str] | None) -> MappingProposal:
    tables, left_out = _choose(probe, place, wanted)
    keys: dict[str, Key] = {}
    complete = True
    readable = []
    for table in tables:
        try:
            key = find_key(probe, table, tables)
        except WarehouseTimeoutError:
            complete = False
            break
        except WarehouseError as error:
            left_out.append(LeftOut(table=table.name, reason=str(error)))
            continue
        readable.append(table)
        if key is not None:
            keys[table.name] = key
    references = find_references(probe, readable, keys)
    drafted = draft(place, dialect, readable, keys, references.by_table)
    return MappingProposal(
        catalog_name=place[0],
        schema_name=place[1],
        node_definitions=drafted.nodes,
        edge_definitions=drafted.edges,
        evidence=drafted.evidence,
        left_out=[*left_out, *drafted.left_out],
        complete=complete and references.complete,
    )


def _find_schema(catalogs: Sequence[CatalogInfo], request: InferMapping) -> tuple[CatalogInfo, str]:
    catalog = next((found for found in catalogs if found.name.lower() == request.catalog_name.lower()), None)
    if catalog is None:
        known = ", ".join(found.name for found in catalogs) or "none"
        raise not_found(
            "catalog",
            request.catalog_name,
            f"The warehouse has no catalog {request.catalog_name}; its catalogs are: {known}.",
        )
    schema = next((name for name in catalog.schemas if name.lower() == request.schema_name.lower()), None)
    if schema is None:
        name = f"{catalog.name}.{request.schema_name}"
        known = ", ".join(catalog.schemas) or "none"
        raise not_found("schema", name, f"The warehouse has no schema {name}; {catalog.name} has: {known}.")
    return catalog, schema


def _choose(
    probe: SchemaProbe, place: tuple[str, str], wanted: Sequence[str] | None
) -> tuple[list[TableInfo], list[LeftOut]]:
    """Take the tables asked for, else all tables, or the views of a schema that has only views."""
    if wanted is not None:
        by_name = {table.name.lower(): table for table in probe.tables}
        for name in wanted:
            if name.lower() not in by_name:
                full = ".".join((*place, name))
                raise not_found("table", full, f"The warehouse has no table {full}.")
        chosen = [by_name[name] for name in dict.fromkeys(name.lower() for name in wanted)]
        return chosen[:_MOST_TABLES], [LeftOut(table=table.name, reason=_TOO_MANY) for table in chosen[_MOST_TABLES:]]
    tables = [table for table in probe.tables if table.table_type == "BASE TABLE"] or list(probe.tables)
    names = {table.name for table in tables}
    left_out = [
        LeftOut(table=table.name, reason="a view, which repeats what tables hold; name it in tables to look at it")
        for table in probe.tables
        if table.name not in names
    ]
    left_out += [LeftOut(table=table.name, reason=_TOO_MANY) for table in tables[_MOST_TABLES:]]
    return tables[:_MOST_TABLES], left_out


_TOO_MANY = f"at most {_MOST_TABLES} tables are looked at; name those that matter in tables"
