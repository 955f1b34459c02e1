"""Probes: no authentication, no envelope (section 2.11)."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from graph_olap_server import __version__
from graph_olap_server.api.dependencies import Parts
from graph_olap_server.api.replies import ERROR_REPLIES
from graph_olap_server.logs import request_id
from graph_olap_server.web import FastJSONResponse

__all__ = ["router"]

router = APIRouter(responses=ERROR_REPLIES, tags=["health"])


@router.get("/health")
async def health() -> Response:
    """Say that the process runs; nothing else is touched."""
    return FastJSONResponse({"status": "healthy", "version": __version__, "database": "unknown"})


@router.get("/ready")
def ready(context: Parts) -> Response:
    """Say whether requests can be served."""
    try:
        context.database.check()
    except SQLAlchemyError:
        return FastJSONResponse(
            {
                "status": "not_ready",
                "version": __version__,
                "database": "disconnected",
                "error": {
                    "code": "SERVICE_UNAVAILABLE",
                    "message": "The database cannot be reached.",
                    "details": {"service": "database"},
                },
                "meta": {"request_id": request_id.get()},
            },
            status_code=503,
            headers={"Retry-After": "1"},
        )
    return FastJSONResponse({"status": "ready", "version": __version__, "database": "connected"})
