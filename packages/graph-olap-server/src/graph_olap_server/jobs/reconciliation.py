"""Compare records with reality and mend the difference."""

from __future__ import annotations

import logging

from graph_olap_server.jobs.instances import died
from graph_olap_server.launcher.base import InstanceState, Launcher, LauncherError
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.orchestration import adopt_handle, list_records

__all__ = ["reconcile"]

_log = logging.getLogger(__name__)


def reconcile(context: Context, launcher: Launcher) -> None:
    """Adopt engines of records without a handle, fail records without an engine, stop engines without a record."""
    # Engines are listed before records: a record always exists before its engine does.
    engines = {engine.instance_id: engine.handle for engine in launcher.list_running()}
    records = {record.id: record for record in list_records(context, "starting", "running", "resuming", "stopping")}
    for record in records.values():
        if record.handle is None:
            if record.id in engines and not record.leased:
                adopt_handle(context, record.id, engines[record.id])
                event(_log, "instance_adopted", instance_id=record.id)
            continue
        if record.status == "stopping":
            continue
        result = launcher.poll(record.handle)
        if result.state is InstanceState.GONE:
            died(context, launcher, record, result)
    for instance_id, handle in engines.items():
        if instance_id in records:
            continue
        event(_log, "orphan_found", level=logging.WARNING, instance_id=instance_id)
        try:
            launcher.stop(handle)
        except LauncherError as error:
            event(_log, "stop_failed", level=logging.WARNING, instance_id=instance_id, reason=str(error))
    context.signals.instances.set()
    context.signals.removals.set()
