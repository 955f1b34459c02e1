"""Routes of the schema catalog (section 2.5)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from graph_olap.models import CacheStats, Catalog, Column, Table
from graph_olap.models.schema import Schema

from graph_olap_server.api.dependencies import AdminCaller, Caller, Number, Parts, PathName
from graph_olap_server.api.replies import ERROR_REPLIES, Reply, reply
from graph_olap_server.api.transport import JsonRoute
from graph_olap_server.services import catalog as use_cases
from graph_olap_server.services.job_runs import request_run

__all__ = ["router"]

router = APIRouter(route_class=JsonRoute, responses=ERROR_REPLIES, prefix="/api/schema", tags=["schema"])

Prefix = Annotated[str, Query(min_length=1, max_length=255, description="Start of the name, in any case.")]
SearchLimit = Annotated[Number, Query(ge=1, le=1000)]


@router.get("/catalogs", response_model=Reply[list[Catalog]])
def list_catalogs(context: Parts, _caller: Caller) -> Response:
    """List catalogs."""
    return reply(use_cases.list_catalogs(context))


@router.get("/catalogs/{catalog}/schemas", response_model=Reply[list[Schema]])
def list_schemas(context: Parts, _caller: Caller, catalog: PathName) -> Response:
    """List the schemas of a catalog."""
    return reply(use_cases.list_schemas(context, catalog))


@router.get("/catalogs/{catalog}/schemas/{schema}/tables", response_model=Reply[list[Table]])
def list_tables(context: Parts, _caller: Caller, catalog: PathName, schema: PathName) -> Response:
    """List the tables of a schema."""
    return reply(use_cases.list_tables(context, catalog, schema))


@router.get("/catalogs/{catalog}/schemas/{schema}/tables/{table}/columns", response_model=Reply[list[Column]])
def list_columns(context: Parts, _caller: Caller, catalog: PathName, schema: PathName, table: PathName) -> Response:
    """List the columns of a table."""
    return reply(use_cases.list_columns(context, catalog, schema, table))


@router.get("/search/tables", response_model=Reply[list[Table]])
def search_tables(context: Parts, _caller: Caller, q: Prefix, limit: SearchLimit = 100) -> Response:
    """Find tables by the start of their name."""
    return reply(use_cases.search_tables(context, q, limit))


@router.get("/search/columns", response_model=Reply[list[Column]])
def search_columns(context: Parts, _caller: Caller, q: Prefix, limit: SearchLimit = 100) -> Response:
    """Find columns by the start of their name."""
    return reply(use_cases.search_columns(context, q, limit))


@router.post("/admin/refresh", response_model=Reply[dict[str, str]])
def refresh(context: Parts, caller: AdminCaller) -> Response:
    """Read the warehouse's metadata again, in the background."""
    request_run(context, caller, "schema_cache")
    return reply({"status": "refresh triggered"})


@router.get("/stats", response_model=Reply[CacheStats])
def stats(context: Parts, _caller: AdminCaller) -> Response:
    """Return size and age of the metadata cache."""
    return reply(use_cases.get_stats(context))
