"""Instances outlive the control plane; what died is noticed; a clean stop leaves nothing."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from graph_olap import GraphOLAPClient
from graph_olap.exceptions import PermissionDeniedError
from graph_olap.models import Instance
from platform_process import KNOWS, PERSON, Serve


def running_instance(client: GraphOLAPClient) -> Instance:
    mapping = client.mappings.create("people", "", [PERSON], [KNOWS])
    return client.instances.create_from_mapping_and_wait(mapping.id, "people", progress=False)


def instance_pids(data_dir: Path) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if "graph_olap_server.instance" in command and str(data_dir) in command:
                found.append(int(folder.name))
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the expected did not happen in time"
        time.sleep(0.05)


def test_a_killed_control_plane_is_followed_by_one_that_adopts(
    start_serve: Callable[..., Serve], tmp_path: Path, warehouse_file: Path
) -> None:
    data_dir = tmp_path / "data"
    arguments = ("--port", "0", "--warehouse", f"duckdb:///{warehouse_file}")
    first = start_serve(data_dir, *arguments)
    with GraphOLAPClient(first.wait_ready(), username="ada") as client:
        instance = running_instance(client)
        connection = client.instances.connect(instance.id)
        assert connection.query_scalar("MATCH ()-[k:KNOWS]->() RETURN count(k)") == 3
    pids = instance_pids(data_dir)
    assert len(pids) == 1

    first.stop(signal.SIGKILL)
    assert instance_pids(data_dir) == pids

    second = start_serve(data_dir, *arguments)
    with GraphOLAPClient(second.wait_ready(), username="ada") as client:
        adopted = client.instances.get(instance.id)
        assert (adopted.status, adopted.instance_url) == ("running", instance.instance_url)
        with client.instances.connect(instance.id) as again:
            assert again.query_scalar("MATCH (p:Person) RETURN count(p)") == 3
        assert instance_pids(data_dir) == pids

    code, _ = second.stop()
    assert code == 0
    assert instance_pids(data_dir) == []


def test_a_killed_instance_starts_again_under_its_number(
    start_serve: Callable[..., Serve], tmp_path: Path, warehouse_file: Path
) -> None:
    serve = start_serve(tmp_path / "data", "--port", "0", "--warehouse", f"duckdb:///{warehouse_file}")
    with GraphOLAPClient(serve.wait_ready(), username="ada") as client:
        instance = running_instance(client)
        (pid,) = instance_pids(tmp_path / "data")
        os.kill(pid, signal.SIGKILL)

        wait_for(lambda: client.instances.get(instance.id).instance_url not in (None, instance.instance_url))

        client.instances.wait_until_running(instance.id, progress=False)
        with client.instances.connect(instance.id) as connection:
            assert connection.query_scalar("MATCH (p:Person) RETURN count(*)") == 3
        client.instances.terminate(instance.id)
        assert client.instances.list().total == 0


def test_sigterm_stops_everything_within_ten_seconds(
    start_serve: Callable[..., Serve], tmp_path: Path, warehouse_file: Path
) -> None:
    serve = start_serve(tmp_path / "data", "--port", "0", "--warehouse", f"duckdb:///{warehouse_file}")
    with GraphOLAPClient(serve.wait_ready(), username="ada") as client:
        running_instance(client)
    started = time.monotonic()

    code, errors = serve.stop()

    assert code == 0, errors
    assert time.monotonic() - started < 10
    assert instance_pids(tmp_path / "data") == []
    assert "Traceback" not in errors


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_instances_are_private(client: GraphOLAPClient, platform_url: str, role: str) -> None:
    instance = running_instance(client)
    with GraphOLAPClient(platform_url, username="bob", role=role) as other:
        connection = other.instances.connect(instance.id)
        if role == "admin":
            assert connection.query_scalar("MATCH (p:Person) RETURN count(*)") == 3
        else:
            with pytest.raises(PermissionDeniedError) as caught:
                connection.query("MATCH (p:Person) RETURN count(*)")
            assert caught.value.code == "PERMISSION_DENIED"
