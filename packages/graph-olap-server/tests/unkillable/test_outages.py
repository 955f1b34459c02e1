"""The database, the warehouse or the disk goes away and comes back: clear errors meanwhile, no person needed after."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from deployment import ROWS, Deployment
from graph_olap import GraphOLAPClient
from graph_olap.exceptions import AlgorithmFailedError, ServiceUnavailableError
from graph_olap_server.store.tables import ExportJobRow, MappingRow
from platform_process import KNOWS, PERSON
from postgres import PrivatePostgres, find_postgres

MAPPING: dict[str, Any] = {"name": "people", "node_definitions": [PERSON], "edge_definitions": [KNOWS]}


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the expected did not happen in time"
        time.sleep(0.05)


def ask(deployment: Deployment, method: str, path: str, body: Any = None) -> httpx.Response:
    return httpx.request(
        method,
        f"{deployment.url}{path}",
        json=body,
        headers={"X-Username": "ada"},
        timeout=30,
        trust_env=False,
        verify=False,
    )


def create_instance(deployment: Deployment) -> None:
    mapping = deployment.call("POST", "/mappings", MAPPING)
    deployment.call("POST", "/instances/from-mapping", {"name": "people", "mapping_id": mapping["id"]})


def wait_until_running(deployment: Deployment) -> None:
    wait_until(lambda: deployment.unrest() == [], 120)
    deployment.check()
    (instance,) = deployment.call("GET", "/instances")
    assert instance["status"] == "running", instance["error_message"]


def messages(deployment: Deployment) -> list[str]:
    return [job.error_message for job in deployment.rows(ExportJobRow) if job.error_message]


@pytest.mark.slow
@pytest.mark.skipif(find_postgres() is None, reason="PostgreSQL is not installed (.ci/postgres)")
@pytest.mark.parametrize("moment", [0.0, 0.3, 1.0])
def test_postgres_crashes_and_comes_back(make_deployment: Callable[..., Deployment], moment: float):
    with PrivatePostgres(durable=True) as server:
        deployment = make_deployment(on_postgres=True)
        deployment.database_url = server.url(server.create())
        deployment.start()
        create_instance(deployment)
        time.sleep(moment)

        server.stop("immediate")
        assert ask(deployment, "GET", "/health").status_code == 200
        ready = ask(deployment, "GET", "/ready")
        refused = ask(deployment, "POST", "/api/mappings", MAPPING)
        assert (ready.status_code, ready.json()["database"]) == (503, "disconnected")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
        assert refused.headers["Retry-After"]

        server.start()
        wait_until(lambda: ask(deployment, "GET", "/ready").status_code == 200)
        wait_until_running(deployment)
        assert len(deployment.rows(MappingRow)) == 1
        deployment.kill_all()


@pytest.mark.slow
@pytest.mark.skipif(find_postgres() is None, reason="PostgreSQL is not installed (.ci/postgres)")
def test_a_server_started_before_its_database_waits_for_it(make_deployment: Callable[..., Deployment]):
    with PrivatePostgres() as server:
        deployment = make_deployment(on_postgres=True)
        deployment.database_url = server.url(server.create())
        server.stop("fast")
        started = deployment.start(wait=False)
        time.sleep(3)
        assert started.process.poll() is None, started.wait()[1]
        server.start()
        deployment.url = started.wait_ready()
        assert ask(deployment, "GET", "/ready").status_code == 200
        deployment.kill_all()


@pytest.mark.slow
def test_the_warehouse_goes_away_and_comes_back(
    make_deployment: Callable[..., Deployment], warehouse: Path, tmp_path: Path
):
    deployment = make_deployment()
    deployment.warehouse = Path(tmp_path / "w.duckdb")
    deployment.warehouse.write_bytes(warehouse.read_bytes())
    deployment.start()
    mapping = deployment.call("POST", "/mappings", MAPPING)
    away = deployment.warehouse.rename(tmp_path / "away.duckdb")

    deployment.call("POST", "/instances/from-mapping", {"name": "people", "mapping_id": mapping["id"]})
    wait_until(lambda: messages(deployment) != [])
    assert "does not exist" in messages(deployment)[0]
    unchecked = ask(deployment, "POST", "/api/mappings", {**MAPPING, "name": "other"})
    assert unchecked.status_code == 201
    assert "does not exist" in unchecked.text, "the answer does not say that the SQL could not be checked"

    away.rename(deployment.warehouse)
    wait_until_running(deployment)


@pytest.mark.slow
def test_a_database_that_cannot_be_written_is_unavailable_until_it_can(make_deployment: Callable[..., Deployment]):
    deployment = make_deployment()
    server = deployment.start()
    assert deployment.call("GET", "/mappings") == []
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
    refused = ask(deployment, "POST", "/api/mappings", MAPPING)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert ask(deployment, "GET", "/api/mappings").json()["data"] == []

    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    create_instance(deployment)
    wait_until_running(deployment)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """Mount a small disk for a while."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_the_disk_of_everything_is_full_for_a_while(make_deployment: Callable[..., Deployment], tmp_path: Path):
    deployment = make_deployment()
    with mounted(tmp_path / "data", "400m") as disk:
        deployment.start()
        create_instance(deployment)
        wait_until_running(deployment)
        fill = disk / "fill"
        with (
            GraphOLAPClient(deployment.url, username="ada", max_retries=0, timeout=60) as client,
            client.instances.connect(1) as connection,
        ):
            with fill.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(4096))
            with pytest.raises(ServiceUnavailableError, match="its disk is full"):
                client.mappings.create("other", "", [PERSON], [KNOWS])
            with pytest.raises(AlgorithmFailedError, match="No space left on device"):
                connection.algo.pagerank("Person", "rank")
            assert connection.query_scalar("MATCH (p:Person) RETURN count(*)") == ROWS
            assert len(client.mappings.list()) == 1

            fill.unlink()
            assert connection.algo.pagerank("Person", "rank").nodes_updated == ROWS
            assert connection.query_scalar("MATCH (p:Person) RETURN count(p.rank)") == ROWS
            wait_until(lambda: ask(deployment, "POST", "/api/mappings", {**MAPPING, "name": "o"}).status_code == 201)
            assert len(client.mappings.list()) == 2
        wait_until_running(deployment)
        deployment.kill_all()
        for pid in deployment.instance_pids().values():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte where snapshots lie."""
    with mounted(tmp_path / "data" / "snapshots", "512k") as folder:
        yield folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "words"), [("size=512k", "No space left on device"), ("ro,size=100m", "Read-only file system")]
)
def test_a_full_or_read_only_disk(
    make_deployment: Callable[..., Deployment], small_disk: Path, before: str, words: str
):
    deployment = make_deployment()
    deployment.start()
    subprocess.run(["mount", "-o", f"remount,{before}", str(small_disk)], check=True)
    create_instance(deployment)
    wait_until(lambda: messages(deployment) != [])
    assert messages(deployment)[0] == f"The snapshot's files could not be written: {words}."

    subprocess.run(["mount", "-o", "remount,rw,size=100m", str(small_disk)], check=True)
    wait_until_running(deployment)
