"""The end of a server that takes its instances with it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from graph_olap_server.launcher.base import Launcher, LauncherError, RunningInstance
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.orchestration import fail_instance, finish_stopping, list_records, restart_later

__all__ = ["stop_instances"]

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 3.0
_MESSAGE = "The server was stopped and took the instance with it. Create a new one; its snapshot is kept."


def stop_instances(context: Context, launcher: Launcher) -> None:
    """Stop every engine at once and leave records that tell the truth.

    Instances on their way are started again by the next server; running ones have failed with a plain message.
    """
    engines = launcher.list_running()

    kept = {record.id for record in list_records(context, "suspended", "resuming")}

    def stop(engine: RunningInstance) -> None:
        end = launcher.suspend if engine.instance_id in kept else launcher.stop
        try:
            end(engine.handle, grace_seconds=_GRACE_SECONDS)
        except LauncherError as error:
            event(_log, "stop_failed", level=logging.WARNING, instance_id=engine.instance_id, reason=str(error))

    with ThreadPoolExecutor(max_workers=32, thread_name_prefix="shutdown") as pool:
        list(pool.map(stop, engines))
    stopped = {engine.instance_id for engine in engines}
    for record in list_records(context, "starting", "resuming", "running", "stopping"):
        if record.id not in stopped:
            continue
        if record.status in ("starting", "resuming"):
            restart_later(context, record.id)
        elif record.status == "running":
            fail_instance(context, record.id, "UNEXPECTED_TERMINATION", _MESSAGE)
        else:
            finish_stopping(context, record.id)
    event(_log, "instances_stopped", count=len(engines))
