"""Every error that a method of the SDK documents is raised by a real platform, through both clients alike."""

from __future__ import annotations

import asyncio
import builtins
import functools
import json
import os
import signal
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from graph_olap import AsyncGraphOLAPClient, GraphOLAPClient, exceptions
from graph_olap.exceptions import ERROR_CODES, GraphOLAPError
from graph_olap_server.platform import EmbeddedPlatform
from graph_olap_server.services import favorites
from graph_olap_server.store.database import Database
from sdk_bank import ACCOUNT
from sdk_error_cases import CASES, Case
from sdk_surface import SYNC, entries
from sqlalchemy.exc import OperationalError


def clique(label: str, edge: str, size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Definitions of a graph in which every node has an edge to every other."""
    node = {
        "label": label,
        "sql": f"SELECT range AS id FROM range({size})",
        "primary_key": {"name": "id", "type": "INT64"},
        "properties": [],
    }
    pairs = f"SELECT x.range AS a, y.range AS b FROM range({size}) x, range({size}) y WHERE x.range <> y.range"
    ends = {"from_node": label, "to_node": label, "from_key": "a", "to_key": "b"}
    return node, {"type": edge, "sql": pairs, **ends, "properties": []}


SAME_KEYS = {**ACCOUNT, "sql": "SELECT 'A1' AS id, name, city, balance, habits FROM accounts"}

ELSEWHERE = {
    ("GraphOLAPClient.from_env", "ValueError"): "test_no_address",
    ("HealthResource.ready", "ServiceUnavailableError"): "test_a_platform_that_is_not_ready",
    ("InstanceConnection.query_df", "ConnectionError"): "test_an_instance_that_died",
    ("InstanceConnection.query_df", "ImportError"): "test_no_data_frame_library",
    ("InstanceResource.connect", "ConnectionError"): "test_an_instance_that_died",
    ("InstanceResource.get_health", "ConnectionError"): "test_an_instance_that_died",
    ("InstanceResource.create_and_wait", "InstanceFailedError"): "test_a_snapshot_whose_files_are_gone",
}
ON_THE_SERVER_ONLY = {
    ("InstanceResource.resume", "ConcurrencyLimitError"),
    ("InstanceResource.resume_and_wait", "ConcurrencyLimitError"),
    ("InstanceResource.resume_and_wait", "InstanceFailedError"),
    ("InstanceResource.resume_and_wait", "TimeoutError"),
    ("InstanceResource.update_memory", "ConcurrencyLimitError"),
    ("MappingResource.infer", "ServiceUnavailableError"),
}
"""Reached by tests of the routes, not through both clients."""

ON_RUNS_AND_STREAMS = {
    ("AlgorithmRun.cancel", "InvalidStateError"),
    ("AlgorithmRun.refresh", "NotFoundError"),
    ("AlgorithmRun.to_arrow", "AlgorithmFailedError"),
    ("AlgorithmRun.to_arrow", "NotFoundError"),
    ("AlgorithmRun.wait", "AlgorithmFailedError"),
    ("AlgorithmRun.wait", "AlgorithmTimeoutError"),
    ("InstanceConnection.project", "AlgorithmTimeoutError"),
    ("InstanceConnection.stream", "ConnectionError"),
    ("InstanceConnection.stream", "ImportError"),
    ("InstanceConnection.stream", "QueryTimeoutError"),
    ("InstanceConnection.stream", "RyugraphError"),
    ("InstanceConnection.stream", "ValidationError"),
    ("InstanceConnection.to_parquet", "ConnectionError"),
    ("InstanceConnection.to_parquet", "ImportError"),
    ("InstanceConnection.to_parquet", "QueryTimeoutError"),
    ("InstanceConnection.to_parquet", "RyugraphError"),
}
"""Raised by a handle or in the middle of an iteration; the SDK's own tests reach them."""
USERS = {"ann": "ann", "bob": "bob", "chief": "chief"}


@pytest.fixture(scope="module")
def arranged(bank: EmbeddedPlatform) -> Iterator[SimpleNamespace]:
    """What the cases need, made by the blocking client: things that work, things that failed, three users."""
    clients = {name: GraphOLAPClient(bank.url, username=name) for name in USERS}
    ann, chief = clients["ann"], clients["chief"]
    chief.users.bootstrap("chief", "chief@example.com", "Chief")
    for name in ("ann", "bob"):
        chief.users.create(name, f"{name}@example.com", name.title())
    chief.ops.update_concurrency_config(per_analyst=100, cluster_total=100)
    nodes, edges = ([part] for part in clique("N", "E", 24))
    mapping = ann.mappings.create("Cliques", "", nodes, edges)
    broken = ann.mappings.create("Broken", "", [SAME_KEYS])
    ann.favorites.add("mapping", mapping.id)
    snapshot = ann.snapshots.create_and_wait(mapping.id, "clique", progress=False)
    instance = ann.instances.create_and_wait(snapshot.id, "clique", progress=False)
    with pytest.raises(exceptions.InstanceFailedError):
        ann.instances.create_from_mapping_and_wait(broken.id, "broken", progress=False)
    conn = ann.instances.connect(instance.id)
    ended = conn.algo.run("wcc").execution_id
    cancelled = conn.networkx.run("simple_cycles", "N", wait=False).execution_id
    conn.networkx.cancel(cancelled)
    yield SimpleNamespace(
        url=bank.url,
        arrange=SimpleNamespace(**clients, conn=conn),
        mapping=mapping,
        broken=broken,
        snapshot=snapshot,
        instance=instance,
        failed=ann.instances.list(status="failed")[0],
        ended=ended,
        cancelled=cancelled,
    )
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def scene(arranged: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The blocking client as every user."""
    clients = {name: GraphOLAPClient(arranged.url, username=name) for name in USERS}
    hasty = GraphOLAPClient(arranged.url, username="ann", max_retries=0)
    conn = clients["ann"].instances.connect(arranged.instance.id)
    yield SimpleNamespace(**vars(arranged), **clients, hasty=hasty, conn=conn, run=lambda result: result)
    for client in (*clients.values(), hasty):
        client.close()


@pytest.fixture(scope="module")
def async_scene(arranged: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The asynchronous client as every user."""
    with asyncio.Runner() as runner:
        clients = {name: AsyncGraphOLAPClient(arranged.url, username=name) for name in USERS}
        hasty = AsyncGraphOLAPClient(arranged.url, username="ann", max_retries=0)
        conn = runner.run(clients["ann"].instances.connect(arranged.instance.id))
        yield SimpleNamespace(**vars(arranged), **clients, hasty=hasty, conn=conn, run=runner.run)
        for client in (*clients.values(), hasty):
            runner.run(client.aclose())


def test_every_documented_error_has_a_case() -> None:
    documented = {(name, error) for name, method in SYNC.items() if "." in name for error in entries(method, "Raises")}
    reached = {(case.method, case.error) for case in CASES} | set(ELSEWHERE)
    assert documented - reached == ON_THE_SERVER_ONLY | ON_RUNS_AND_STREAMS
    assert reached <= documented
    assert set(ELSEWHERE.values()) <= set(globals())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method}-{case.error}")
def test_error(scene: SimpleNamespace, async_scene: SimpleNamespace, case: Case) -> None:
    kind = getattr(exceptions, case.error, None) or getattr(builtins, case.error)
    raised = []
    for through in (scene, async_scene):
        with case.around(through), pytest.raises(kind) as caught:
            through.run(case.call(through))
        error = caught.value
        assert type(error) is kind
        assert error.__cause__ is None
        raised.append(error)
    if issubclass(kind, GraphOLAPError):
        blocking, asynchronous = raised
        assert (blocking.code, blocking.status_code, blocking.hint is None) == (
            asynchronous.code,
            asynchronous.status_code,
            asynchronous.hint is None,
        )
        assert set(blocking.details) == set(asynchronous.details)
        for error in raised:
            assert_complete(error)


def assert_complete(error: GraphOLAPError) -> None:
    """An error of the server has a code and a request id; one of the SDK says what to do next."""
    assert len(error.message) > 10
    assert str(error).startswith(error.message)
    assert "Traceback" not in error.message
    if error.status_code is not None:
        assert error.request_id
        assert error.request_id in str(error)
        assert ERROR_CODES[error.code].exception is type(error)
    elif isinstance(error, exceptions.TimeoutError):
        assert error.hint


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRAPH_OLAP_API_URL", "GRAPH_OLAP_IN_CLUSTER_MODE"):
        monkeypatch.delenv(name, raising=False)
    for client in (GraphOLAPClient, AsyncGraphOLAPClient):
        with pytest.raises(ValueError, match="GRAPH_OLAP_API_URL"):
            client.from_env()


def test_no_data_frame_library(
    scene: SimpleNamespace, async_scene: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    for through in (scene, async_scene):
        with pytest.raises(ImportError, match=r"pip install .*graph-olap-sdk\[dataframe\]"):
            through.run(through.conn.query_df("RETURN 1", backend="polars"))


def test_an_instance_that_died(bank: EmbeddedPlatform, scene: SimpleNamespace, async_scene: SimpleNamespace) -> None:
    for through in (scene, async_scene):
        instance = through.arrange.ann.instances.create_and_wait(through.snapshot.id, "victim", progress=False)
        conn = through.run(through.hasty.instances.connect(instance.id))
        os.kill(process_of(bank, instance.instance_url), signal.SIGKILL)
        for call in (
            functools.partial(through.hasty.instances.connect, instance.id),
            functools.partial(through.hasty.instances.get_health, instance.id),
            functools.partial(conn.query_df, "RETURN 1"),
        ):
            with pytest.raises(exceptions.ConnectionError) as caught:
                through.run(call())
            assert isinstance(caught.value, builtins.ConnectionError)
            assert caught.value.hint
        through.arrange.ann.instances.terminate(instance.id)


def test_a_snapshot_whose_files_are_gone(
    bank: EmbeddedPlatform, scene: SimpleNamespace, async_scene: SimpleNamespace
) -> None:
    snapshot = scene.ann.snapshots.create_and_wait(scene.mapping.id, "gone", progress=False)
    files = [file for file in (bank.settings.data_dir / "snapshots").rglob("*.parquet") if file.stat().st_size]
    newest = max(files, key=lambda file: file.stat().st_mtime_ns)
    for file in newest.parents[1].rglob("*.parquet"):
        file.unlink()
    for through in (scene, async_scene):
        with pytest.raises(exceptions.InstanceFailedError) as caught:
            through.run(through.ann.instances.create_and_wait(snapshot.id, "gone", progress=False))
        assert caught.value.details["error_code"]


def process_of(platform: EmbeddedPlatform, url: str) -> int:
    """Return the process of the instance that listens at this address."""
    for file in (platform.settings.data_dir / "instances").rglob("endpoint.json"):
        endpoint = json.loads(file.read_text())
        if url.rstrip("/") in endpoint.values() or f":{endpoint.get('port')}" in url:
            return int(endpoint["pid"])
    raise AssertionError(f"no instance listens at {url}")


def test_a_platform_that_is_not_ready(
    scene: SimpleNamespace, async_scene: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Database) -> None:
        raise OperationalError("SELECT 1", {}, OSError("gone"))

    monkeypatch.setattr(Database, "check", fail)
    for through in (scene, async_scene):
        with pytest.raises(exceptions.ServiceUnavailableError) as caught:
            through.run(through.hasty.health.ready())
        assert_complete(caught.value)


def test_a_fault_of_the_server(
    scene: SimpleNamespace, async_scene: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(favorites, "list_favorites", fail)
    for through in (scene, async_scene):
        with pytest.raises(exceptions.ServerError) as caught:
            through.run(through.ann.favorites.list())
        assert (type(caught.value), caught.value.code) == (exceptions.ServerError, "INTERNAL_ERROR")
        assert "secret" not in str(caught.value)
        assert_complete(caught.value)


def test_no_credential(scene: SimpleNamespace, async_scene: SimpleNamespace) -> None:
    async def ask() -> None:
        async with AsyncGraphOLAPClient(scene.url) as nobody:
            await nobody.mappings.list()

    with GraphOLAPClient(scene.url) as nobody, pytest.raises(exceptions.AuthenticationError) as caught:
        nobody.mappings.list()
    assert_complete(caught.value)
    with pytest.raises(exceptions.AuthenticationError):
        async_scene.run(ask())


def test_every_exception_class_is_reached() -> None:
    reached = {case.error for case in CASES} | {error for _, error in ELSEWHERE}
    reached |= {"ServerError", "AuthenticationError"}  # tests above
    assert {name for name in exceptions.__all__ if name.endswith("Error")} - reached == {"GraphOLAPError"}
