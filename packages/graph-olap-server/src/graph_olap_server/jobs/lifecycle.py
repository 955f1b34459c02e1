"""The lifecycle job: apply lifetimes to instances, then snapshots, then mappings."""

from __future__ import annotations

import logging

import httpx

from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.expiry import (
    IdleInstance,
    drop_old_events,
    expire_instances,
    expire_mappings,
    expire_snapshots,
)
from graph_olap_server.services.outcomes import forget_outcomes

__all__ = ["apply_lifetimes"]

_log = logging.getLogger(__name__)
_STATUS_TIMEOUT = 2.0


def apply_lifetimes(context: Context) -> None:
    """One pass; also lets the files of removed snapshots be tried again."""
    key = {"X-Internal-Api-Key": context.internal_api_key}
    with httpx.Client(timeout=_STATUS_TIMEOUT, trust_env=False, headers=key) as client:
        instances = expire_instances(context, lambda idle: _is_busy(client, idle))
    snapshots, mappings = expire_snapshots(context), expire_mappings(context)
    events = drop_old_events(context)
    forget_outcomes(context)
    if instances or snapshots or mappings or events:
        event(_log, "expired", instances=instances, snapshots=snapshots, mappings=mappings, events=events)
    context.signals.removals.set()


def _is_busy(client: httpx.Client, idle: IdleInstance) -> bool:
    """Tell whether an algorithm or a query runs: an instance is in use as long as it computes for somebody."""
    if idle.url is None:
        return False
    try:
        reply = client.get(f"{idle.url}/status")
        body = reply.json() if reply.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return False
    if not isinstance(body, dict):
        return False
    lock = body.get("lock")
    return bool(body.get("active_queries")) or (isinstance(lock, dict) and bool(lock.get("locked")))
