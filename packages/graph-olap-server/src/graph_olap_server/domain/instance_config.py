"""What a launcher hands to an instance server, and the files through which the two speak.

A folder per instance holds ``config.json`` (this model, readable by the owner only), ``endpoint.json`` (written by the
server once it listens), ``control-plane-url`` (rewritten when the control plane moves), ``cpu-cores`` (written when
their number changes), ``memory-exceeded`` (left by a server that ended itself at its memory limit), ``instance.log``
and the database file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel

__all__ = [
    "CONFIG_FILE",
    "CONTROL_PLANE_URL_FILE",
    "CPU_CORES_FILE",
    "ENDPOINT_FILE",
    "LOG_FILE",
    "MEMORY_EXCEEDED_FILE",
    "MEMORY_LIMIT_FILE",
    "Endpoint",
    "InstanceConfig",
]

CONFIG_FILE = "config.json"
ENDPOINT_FILE = "endpoint.json"
CONTROL_PLANE_URL_FILE = "control-plane-url"
LOG_FILE = "instance.log"
CPU_CORES_FILE = "cpu-cores"
MEMORY_LIMIT_FILE = "memory-limit"
MEMORY_EXCEEDED_FILE = "memory-exceeded"


class Endpoint(BaseModel):
    """Where an instance server listens."""

    url: str
    pid: int


class InstanceConfig(BaseModel):
    """Configuration of one instance server process.

    Attributes:
        folder: The instance's own folder; everything it writes is in here.
        resumes: Go on with the graph that a suspended instance left in its folder.
        snapshot_folder: Folder with the snapshot's ``manifest.json``, read only but for its ``engine/`` cache.
        port: 0 takes a free one.
        threads: Threads the engine and the kernels may use.
        buffer_bytes: Buffer memory of the engine.
        memory_bytes: Resident memory at which the process ends itself; ``None`` for no limit.
        internal_api_key: Shared secret towards the control plane.
        visibility: ``open`` lets every authenticated user query.
    """

    instance_id: int
    snapshot_id: int
    mapping_id: int
    owner: str
    engine: str
    folder: Path
    resumes: bool = False
    snapshot_folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    threads: int = 2
    buffer_bytes: int = 2 * 1024**3
    memory_bytes: int | None = None
    internal_api_key: str
    auth_mode: Literal["dev", "strict"] = "dev"
    visibility: Literal["private", "open"] = "private"
    query_default_timeout_ms: int = 55_000
    query_max_timeout_ms: int = 1_800_000
    query_max_rows: int = 1_000_000
    query_max_bytes: int = 256 * 1024 * 1024
    query_concurrency: int = 8
    query_queue: int = 64
    log_level: str = "INFO"
