"""Compare records with reality and mend the difference."""

from __future__ import annotations

import logging

from graph_olap_server.jobs.deaths import died
from graph_olap_server.launcher.base import InstanceState, Launcher, LauncherError
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.exports import release_dead_claims
from graph_olap_server.services.orchestration import (
    InstanceRecord,
    adopt_handle,
    list_instance_ids,
    list_records,
    list_snapshot_ids,
)

__all__ = ["reconcile"]

_log = logging.getLogger(__name__)
_WITH_ENGINE = ("starting", "running", "suspended", "resuming", "stopping")


def reconcile(context: Context, launcher: Launcher) -> None:
    """Adopt engines of records without a handle, revive records without an engine, stop engines without a record."""
    # Engines are listed before records: a record always exists before its engine does.
    release_dead_claims(context)
    engines = {engine.instance_id: engine.handle for engine in launcher.list_running()}
    count = context.metrics.count
    records = {record.id: record for record in list_records(context, *_WITH_ENGINE)}
    for record in records.values():
        if record.handle is None:
            if record.id in engines and not record.leased:
                count("status_drift_detected_total")
                adopt_handle(context, record.id, engines[record.id])
                count("status_drift_fixed_total")
                event(_log, "instance_adopted", instance_id=record.id)
            continue
        if record.status in ("stopping", "suspended") or not launcher.reaches(record.handle):
            continue
        result = launcher.poll(record.handle)
        if result.state is InstanceState.GONE:
            count("missing_pods_detected_total")
            died(context, launcher, record, result)
            count("missing_pods_handled_total")
    orphans = {
        instance_id: handle
        for instance_id, handle in engines.items()
        if instance_id not in records or _runs_elsewhere(launcher, records[instance_id])
    }
    context.metrics.orphans_seen(len(orphans))
    for instance_id, handle in orphans.items():
        count("orphaned_pods_detected_total")
        event(_log, "orphan_found", level=logging.WARNING, instance_id=instance_id)
        try:
            launcher.stop(handle)
            count("orphaned_pods_cleaned_total")
        except LauncherError as error:
            count("orphaned_pods_cleanup_failures_total")
            event(_log, "stop_failed", level=logging.WARNING, instance_id=instance_id, reason=str(error))
    _remove_leftovers(context, launcher)
    context.signals.instances.set()
    context.signals.removals.set()


def _runs_elsewhere(launcher: Launcher, record: InstanceRecord) -> bool:
    # This machine was given up in the middle of a start, and another one has started the instance.
    return record.handle is not None and not launcher.reaches(record.handle)


def _remove_leftovers(context: Context, launcher: Launcher) -> None:
    # Of a start, a stop or a removal that a crash cut short.
    for instance_id in launcher.remove_leftovers(lambda: list_instance_ids(context)):
        event(_log, "instance_folder_removed", instance_id=instance_id)
    for name in context.snapshots.remove_leftovers(lambda: list_snapshot_ids(context)):
        event(_log, "snapshot_files_removed", file=name)
