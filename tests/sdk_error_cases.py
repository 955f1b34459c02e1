"""For every method of the SDK and every error it documents: a call that meets it on the platform of `sdk_bank`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import SimpleNamespace
from typing import Any

from graph_olap.exceptions import RateLimitError
from sdk_bank import ACCOUNT
from sdk_surface import SYNC, entries

Scene = SimpleNamespace

NOWHERE = 999_999
"""A number that nothing has."""

ENDLESS = (
    "MATCH (a:N), (b:N), (c:N), (d:N), (e:N), (f:N), (g:N), (h:N), (i:N) "
    "WHERE a.id + b.id > c.id * d.id - e.id RETURN sum(f.id * g.id + h.id)"
)
"""A query that runs for hours."""

WRONG_SQL = [{**ACCOUNT, "sql": "SELEC"}]
LONG_SQL = [
    {
        **ACCOUNT,
        "sql": "SELECT range::VARCHAR AS id, '' AS name, '' AS city, 0.0::DOUBLE AS balance, NULL AS habits "
        "FROM range(5000000)",
    }
]

_OWNERS: dict[str, Callable[[Any], Any]] = {
    "GraphOLAPClient": lambda client: client,
    "AdminResource": lambda client: client.admin,
    "FavoriteResource": lambda client: client.favorites,
    "InstanceResource": lambda client: client.instances,
    "MappingResource": lambda client: client.mappings,
    "OpsResource": lambda client: client.ops,
    "SchemaResource": lambda client: client.schema,
    "SnapshotResource": lambda client: client.snapshots,
    "UserResource": lambda client: client.users,
    "InstanceConnection": lambda conn: conn,
    "AlgorithmManager": lambda conn: conn.algo,
    "NetworkXManager": lambda conn: conn.networkx,
}


class Late:
    """An argument that is known only when the case runs."""

    def __init__(self, read: Callable[[Scene], Any]) -> None:
        self.read = read


class Case:
    """A method, an error it documents, and a call that meets it.

    ``who`` names the one who calls: ``ann`` owns everything, ``bob`` nothing, ``chief`` has the role ops.
    """

    def __init__(
        self,
        method: str,
        error: str,
        *args: Any,
        who: str = "",
        around: Callable[[Scene], AbstractContextManager[Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.method, self.error = method, error
        self.owner, self.name = method.split(".")
        self.who = who or (
            "conn" if self.owner in ("InstanceConnection", "AlgorithmManager", "NetworkXManager") else "ann"
        )
        self.around = around or (lambda scene: nullcontext())
        self._args, self._kwargs = args, kwargs

    def call(self, scene: Scene) -> Any:
        """Make the call through the client under test; the result may be a coroutine."""
        arguments = [arg.read(scene) if isinstance(arg, Late) else arg for arg in self._args]
        return getattr(_OWNERS[self.owner](getattr(scene, self.who)), self.name)(*arguments, **self._kwargs)


@contextmanager
def one_instance_each(scene: Scene) -> Iterator[None]:
    """Let every user have one instance; the owner has it already."""
    scene.arrange.chief.ops.update_concurrency_config(per_analyst=1)
    try:
        yield
    finally:
        scene.arrange.chief.ops.update_concurrency_config(per_analyst=100)


@contextmanager
def just_triggered(scene: Scene) -> Iterator[None]:
    """Make sure that the job was triggered within the last minute."""
    with suppress(RateLimitError):
        scene.arrange.chief.ops.trigger_job("schema_cache")
    yield


@contextmanager
def nothing_left_running(scene: Scene) -> Iterator[None]:
    """Cancel the algorithms that a call leaves running."""
    networkx = scene.arrange.conn.networkx
    try:
        yield
    finally:
        for running in networkx.executions(status="running"):
            networkx.cancel(running.execution_id)


@contextmanager
def endless_algorithm(scene: Scene) -> Iterator[None]:
    """Hold the lock of the instance with an algorithm that would run for years."""
    with nothing_left_running(scene):
        scene.endless = scene.arrange.conn.networkx.run("simple_cycles", "N", wait=False).execution_id
        yield


@contextmanager
def cancelled_soon(scene: Scene) -> Iterator[None]:
    """Cancel the algorithm that a call waits for, from another thread."""
    ended = threading.Event()

    def cancel() -> None:
        algo = scene.arrange.conn.algo
        while not ended.wait(0.05):
            for running in algo.executions(status="running"):
                algo.cancel(running.execution_id)

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


MAPPING = Late(lambda scene: scene.mapping.id)
BROKEN = Late(lambda scene: scene.broken.id)
SNAPSHOT = Late(lambda scene: scene.snapshot.id)
FAILED_SNAPSHOT = Late(lambda scene: scene.failed.snapshot_id)
NEW_SNAPSHOT = Late(lambda scene: scene.arrange.ann.snapshots.create(scene.mapping.id, "new").id)
INSTANCE = Late(lambda scene: scene.instance.id)
FAILED = Late(lambda scene: scene.failed.id)
NEW_INSTANCE = Late(lambda scene: scene.arrange.ann.instances.create_from_mapping(scene.mapping.id, "new").id)
NO_TIME = {"timeout": 0.001}


def instance_cases() -> Iterator[Case]:
    """What ``client.instances`` and ``client.quick_start`` raise."""
    yield Case("GraphOLAPClient.quick_start", "InstanceFailedError", BROKEN)
    yield Case("GraphOLAPClient.quick_start", "TimeoutError", MAPPING, wait_timeout=0.001)
    i = "InstanceResource."
    for name in ("suspend", "resume", "resume_and_wait"):
        yield Case(i + name, "NotFoundError", NOWHERE)
        yield Case(i + name, "InvalidStateError", FAILED)
        yield Case(i + name, "PermissionDeniedError", INSTANCE, who="bob")
    for name, more in {
        **dict.fromkeys(("get", "get_progress", "terminate", "update", "connect", "wait_until_running"), ()),
        **dict.fromkeys(("create", "create_from_mapping", "create_from_mapping_and_wait"), ("x",)),
    }.items():
        yield Case(i + name, "NotFoundError", NOWHERE, *more)
    for name, more in {
        "connect": (),
        "get_health": (),
        "update_cpu": (2,),
        "update_memory": (3,),
    }.items():
        yield Case(i + name, "InvalidStateError", FAILED, *more)
    for name in ("create", "create_and_wait"):
        yield Case(i + name, "InvalidStateError", FAILED_SNAPSHOT, "x")
        yield Case(i + name, "ConcurrencyLimitError", SNAPSHOT, "x", around=one_instance_each)
    for name in ("create_from_mapping", "create_from_mapping_and_wait"):
        yield Case(i + name, "ConcurrencyLimitError", MAPPING, "x", around=one_instance_each)
        yield Case(i + name, "ValidationError", MAPPING, " ")
    yield Case(i + "create_and_wait", "TimeoutError", SNAPSHOT, "x", **NO_TIME)
    yield Case(i + "create_from_mapping_and_wait", "TimeoutError", MAPPING, "x", **NO_TIME)
    yield Case(i + "wait_until_running", "TimeoutError", NEW_INSTANCE, **NO_TIME)
    yield Case(i + "create_from_mapping_and_wait", "InstanceFailedError", BROKEN, "x")
    yield Case(i + "wait_until_running", "InstanceFailedError", FAILED)
    yield Case(i + "list", "ValidationError", sort_by="colour")
    yield Case(i + "extend_ttl", "ValidationError", INSTANCE, hours=10_000)
    yield Case(i + "set_lifecycle", "ValidationError", INSTANCE, "a day")
    yield Case(i + "update_cpu", "ValidationError", INSTANCE, 99)
    yield Case(i + "update_memory", "ValidationError", INSTANCE, 99)
    for name, more in {
        "extend_ttl": (),
        "set_lifecycle": ("PT1H",),
        "share": (),
        "terminate": (),
        "update": (),
        "update_cpu": (2,),
    }.items():
        yield Case(i + name, "PermissionDeniedError", INSTANCE, *more, who="bob")


def connection_cases() -> Iterator[Case]:
    """What a connection and its algorithms raise."""
    c = "InstanceConnection."
    for name in ("query", "query_df"):
        yield Case(c + name, "RyugraphError", "MATCH (n:Nobody) RETURN n")
        yield Case(c + name, "QueryTimeoutError", ENDLESS, timeout=1)
    for name in ("explain", "profile"):
        yield Case(c + name, "RyugraphError", "MATCH (n:Nobody) RETURN n")
    yield Case(c + "profile", "QueryTimeoutError", ENDLESS, timeout=1)
    yield Case(c + "project", "ValidationError", node_labels=["Nobody"])
    for name, wanted in (("search_text", "words"), ("search_vector", [1.0])):
        yield Case(c + name, "RyugraphError", "N", "none", wanted)
        yield Case(c + name, "ValidationError", "N'", "none", wanted)
    yield Case(c + "query", "ValidationError", "RETURN $x", {"x": object()})
    yield Case(c + "query_one", "ValueError", "MATCH (n:N) RETURN n.id")
    yield Case(c + "query_scalar", "ValueError", "MATCH (n:N) RETURN n.id")
    yield Case(c + "to_parquet", "ValidationError", "RETURN 1", "file.parquet", compression="zip")
    yield Case(c + "to_parquet", "FileNotFoundError", "RETURN 1", "no/such/folder/file.parquet")
    yield Case(c + "cancel", "NotFoundError", "none")
    yield Case(c + "remove_property", "ValidationError", "N", "id")
    yield Case(c + "remove_property", "NotFoundError", "N", "none")
    endless, ended, cancelled = (
        Late(lambda scene: scene.endless),
        Late(lambda scene: scene.ended),
        Late(lambda scene: scene.cancelled),
    )
    for family in ("AlgorithmManager.", "NetworkXManager."):
        yield Case(family + "algorithm_info", "AlgorithmNotFoundError", "pagernk")
        yield Case(family + "run", "AlgorithmNotFoundError", "pagernk")
        yield Case(family + "run", "ValidationError", "pagerank", "Nobody")
        yield Case(family + "run", "ResourceLockedError", "pagerank", "N", around=endless_algorithm)
        yield Case(family + "status", "NotFoundError", "none")
        yield Case(family + "cancel", "NotFoundError", "none")
        yield Case(family + "cancel", "InvalidStateError", ended)
        yield Case(family + "wait", "AlgorithmFailedError", cancelled)
        yield Case(family + "wait", "AlgorithmTimeoutError", endless, timeout=0.05, around=endless_algorithm)
        # Both would run for many seconds on the clique.
        long, params = (
            ("simple_cycles", {})
            if family == "NetworkXManager."
            else ("cycles", {"max_length": 20, "max_cycles": 1_000_000})
        )
        run = {"params": params}
        yield Case(family + "run", "AlgorithmTimeoutError", long, "N", **run, timeout=0.01, around=nothing_left_running)
        yield Case(family + "run", "AlgorithmFailedError", long, "N", **run, around=cancelled_soon)
    yield Case("AlgorithmManager.shortest_path", "NotFoundError", "1", "none", source_label="N", target_label="N")
    yield Case("AlgorithmManager.shortest_path", "ValidationError", "1", "2", max_depth=99)


def mapping_cases() -> Iterator[Case]:
    """What ``client.mappings`` raises."""
    m = "MappingResource."
    yield Case(m + "infer", "NotFoundError", "none.main")
    yield Case(m + "infer", "ValidationError", "main")
    for name, more in {
        **dict.fromkeys(("get", "get_tree", "list_instances", "list_snapshots", "list_versions", "delete"), ()),
        **dict.fromkeys(("diff", "diff_versions"), (1, 2)),
        "get_version": (1,),
        "copy": ("x",),
        "update": ("why",),
    }.items():
        yield Case(m + name, "NotFoundError", NOWHERE, *more)
    yield Case(m + "list", "ValidationError", sort_order="up")
    yield Case(m + "create", "ValidationError", "x", "", WRONG_SQL)
    yield Case(m + "dry_run", "ValidationError", WRONG_SQL)
    yield Case(m + "dry_run", "TimeoutError", LONG_SQL, timeout=0.2, who="hasty")
    yield Case(m + "copy", "ValidationError", MAPPING, " ")
    yield Case(m + "update", "ValidationError", MAPPING, " ")
    yield Case(m + "set_lifecycle", "ValidationError", MAPPING, "a day")
    for name in ("diff", "diff_versions"):
        yield Case(m + name, "ValidationError", MAPPING, 1, 1)
    yield Case(m + "delete", "DependencyError", MAPPING)
    for name, more in {"update": ("why",), "delete": (), "set_lifecycle": ("P1D",)}.items():
        yield Case(m + name, "PermissionDeniedError", MAPPING, *more, who="bob")


def snapshot_cases() -> Iterator[Case]:
    """What ``client.snapshots`` raises."""
    s = "SnapshotResource."
    for name in ("get", "get_load_report", "get_progress", "delete", "update", "wait_until_ready"):
        yield Case(s + name, "NotFoundError", NOWHERE)
    yield Case(s + "create", "NotFoundError", NOWHERE, "x")
    yield Case(s + "create", "ValidationError", MAPPING, " ")
    yield Case(s + "list", "ValidationError", status="gone")
    yield Case(s + "set_lifecycle", "ValidationError", SNAPSHOT, "a day")
    yield Case(s + "create_and_wait", "SnapshotFailedError", BROKEN, "x")
    yield Case(s + "wait_until_ready", "SnapshotFailedError", FAILED_SNAPSHOT)
    yield Case(s + "create_and_wait", "TimeoutError", MAPPING, "x", **NO_TIME)
    yield Case(s + "wait_until_ready", "TimeoutError", NEW_SNAPSHOT, **NO_TIME)
    yield Case(s + "delete", "DependencyError", SNAPSHOT)
    yield Case(s + "retry", "InvalidStateError", SNAPSHOT)
    yield Case(s + "retry", "PermissionDeniedError", FAILED_SNAPSHOT, who="bob")
    for name, more in {"delete": (), "update": ("x",), "set_lifecycle": ("P1D",)}.items():
        yield Case(s + name, "PermissionDeniedError", SNAPSHOT, *more, who="bob")


def platform_cases() -> Iterator[Case]:
    """What the resources about the platform itself raise."""
    yield Case("AdminResource.bulk_delete", "ForbiddenError", "mapping", {"created_by": "x"}, "why")
    yield Case("AdminResource.bulk_delete", "ValidationError", "mapping", {}, "why", who="chief")
    yield Case("FavoriteResource.add", "NotFoundError", "mapping", NOWHERE)
    yield Case("FavoriteResource.add", "ConflictError", "mapping", MAPPING)
    yield Case("FavoriteResource.list", "ValidationError", "user")
    yield Case("FavoriteResource.remove", "NotFoundError", "mapping", NOWHERE)
    yield Case("SchemaResource.admin_refresh", "ForbiddenError")
    yield Case("SchemaResource.get_stats", "ForbiddenError")
    yield Case("SchemaResource.list_schemas", "NotFoundError", "none")
    yield Case("SchemaResource.list_tables", "NotFoundError", "bank", "none")
    yield Case("SchemaResource.list_columns", "NotFoundError", "bank", "main", "none")
    u, new = "UserResource.", ("dora", "dora@example.com", "Dora")
    for name, more in {"create": new, "list": (), "update": ("bob",), "assign_role": ("bob", "admin")}.items():
        yield Case(u + name, "ForbiddenError", *more)
    yield Case(u + "deactivate", "ForbiddenError", "bob")
    for name, more in {"get": (), "update": (), "assign_role": ("admin",), "deactivate": ()}.items():
        yield Case(u + name, "NotFoundError", "nobody", *more, who="chief")
    yield Case(u + "create", "ConflictError", "bob", "bob@example.com", "Bob", who="chief")
    yield Case(u + "bootstrap", "ConflictError", *new, who="chief")
    o = "OpsResource."
    needs = {"trigger_job": ("lifecycle",), "set_maintenance_mode": (False,), "update_export_config": (60,)}
    for method in SYNC:
        if method.startswith(o) and "ForbiddenError" in entries(SYNC[method], "Raises"):
            yield Case(method, "ForbiddenError", *needs.get(method.removeprefix(o), ()))
    yield Case(o + "trigger_job", "RateLimitError", "schema_cache", who="chief", around=just_triggered)
    yield Case(o + "trigger_job", "ValidationError", "cleaning", who="chief")
    yield Case(o + "get_audit_log", "ValidationError", created_after="yesterday", who="chief")
    yield Case(o + "update_concurrency_config", "ValidationError", per_analyst=-1, who="chief")
    yield Case(o + "update_export_config", "ValidationError", -1, who="chief")
    yield Case(o + "update_lifecycle_config", "ValidationError", mapping={"max_ttl": "x"}, who="chief")


CASES = [*instance_cases(), *connection_cases(), *mapping_cases(), *snapshot_cases(), *platform_cases()]
