"""The resource monitor: sample the memory of the instances on this machine and give more before it runs out."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from graph_olap_server.domain.memory import pressure
from graph_olap_server.jobs.deaths import reachable
from graph_olap_server.launcher.base import Launcher, LauncherError
from graph_olap_server.logs import event
from graph_olap_server.services.context import Context
from graph_olap_server.services.orchestration import InstanceRecord, list_records
from graph_olap_server.services.resizing import MemorySample, grow_memory, store_samples

__all__ = ["ResourceMonitor"]

_log = logging.getLogger(__name__)
_STATUS_TIMEOUT = 2.0
_GB = 1024**3


class ResourceMonitor:
    """Looks at every running instance that this process can reach; others belong to the worker on their machine."""

    def __init__(self, context: Context, launcher: Launcher) -> None:
        self._context = context
        self._launcher = launcher
        self._client = httpx.Client(
            timeout=_STATUS_TIMEOUT, trust_env=False, headers={"X-Internal-Api-Key": context.internal_api_key}
        )
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="memory")

    def run(self) -> float:
        """One pass; returns the seconds until the next."""
        records = reachable(self._launcher, list_records(self._context, "running"))
        samples = [sample for sample in self._pool.map(self._sample, records) if sample is not None]
        if samples:
            store_samples(self._context, samples)
        by_id = {record.id: record for record in records}
        for sample in samples:
            try:
                self._judge(by_id[sample.instance_id], sample)
            except Exception:  # noqa: BLE001 - one instance never stops the pass over the others
                self._context.metrics.count("resource_monitor_failures_total")
                _log.exception("memory_not_judged", extra={"fields": {"instance_id": sample.instance_id}})
        return self._context.settings.resource_monitor_interval

    def close(self) -> None:
        """Release connections and threads."""
        self._pool.shutdown(wait=True)
        self._client.close()

    def _sample(self, record: InstanceRecord) -> MemorySample | None:
        url = None if record.handle is None else self._launcher.poll(record.handle).url
        if url is None:
            return None
        try:
            reply = self._client.get(f"{url}/status")
            body: Any = reply.json() if reply.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None
        if not isinstance(body, dict):
            return None
        used, limit = body.get("memory_usage_bytes"), body.get("memory_limit_bytes")
        if not isinstance(used, int) or not isinstance(limit, int):
            return None
        return MemorySample(record.id, used, limit)

    def _judge(self, record: InstanceRecord, sample: MemorySample) -> None:
        largest = self._launcher.largest_memory_gb(sample.used_bytes)
        self._catch_up(record, sample, largest)
        kind = pressure(sample.used_bytes, sample.limit_bytes)
        if kind is None:
            return
        grown = grow_memory(self._context, sample, kind, largest)
        if grown is None:
            return
        metric = f"resource_monitor_{kind}_resizes_total" if grown else "resource_monitor_failures_total"
        self._context.metrics.count(metric)
        event(_log, "memory_raised" if grown else "memory_not_raised", instance_id=record.id, pressure=kind)

    def _catch_up(self, record: InstanceRecord, sample: MemorySample, largest: int | None) -> None:
        """Give a process what its record says already: a crash came between the two."""
        if record.handle is None or record.memory_gb is None or sample.limit_bytes >= record.memory_gb * _GB:
            return
        if largest is not None and largest < record.memory_gb:
            return
        try:
            self._launcher.resize(record.handle, cpu_cores=record.cpu_cores, memory_gb=record.memory_gb)
        except LauncherError as error:
            event(_log, "memory_not_raised", level=logging.WARNING, instance_id=record.id, reason=str(error))
