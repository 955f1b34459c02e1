"""Bad input: one clear sentence that names the thing and the next step, no traceback, nothing half-created."""

from __future__ import annotations

import copy
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graph_olap import GraphOLAPClient
from graph_olap.exceptions import InstanceFailedError, RyugraphError, ValidationError
from platform_process import KNOWS, PERSON, Serve


def changed(definition: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(definition), **changes}


@pytest.mark.parametrize(
    ("nodes", "edges", "field", "words"),
    [
        ([changed(PERSON, sql="SELEC id FROM people")], [], "node_definitions.0.sql", []),
        ([changed(PERSON, sql="SELECT id, name FROM persons")], [], "node_definitions.0.sql", ["persons"]),
        ([changed(PERSON, sql="SELECT id FROM people")], [], "node_definitions.0", ["name"]),
        ([changed(PERSON, sql="SELECT id, nam AS name FROM people")], [], "node_definitions.0.sql", ["nam"]),
        ([changed(PERSON, sql="DROP TABLE people")], [], "node_definitions.0.sql", []),
        ([changed(PERSON, sql="SELECT * FROM read_csv('/etc/passwd')")], [], "node_definitions.0.sql", ["read_csv"]),
        ([changed(PERSON, sql="SELECT 1 AS id, 'x' AS name; SELECT 2")], [], "node_definitions.0.sql", ["one"]),
        (
            [changed(PERSON, primary_key={"name": "id", "type": "DOUBLE"})],
            [],
            "node_definitions.0.primary_key.type",
            ["DOUBLE"],
        ),
        (
            [changed(PERSON, properties=[{"name": "name", "type": "COLOUR"}])],
            [],
            "node_definitions.0.properties.0.type",
            ["COLOUR"],
        ),
        (
            [changed(PERSON, sql="SELECT id, odd FROM people", properties=[{"name": "odd", "type": "INT64"}])],
            [],
            "node_definitions.0.properties.0.type",
            ["odd", "STRUCT"],
        ),
        ([PERSON], [changed(KNOWS, to_node="Persn")], "edge_definitions.0.to_node", ["Persn", "Person"]),
    ],
    ids=[
        "syntax",
        "unknown table",
        "missing column",
        "unknown column",
        "not a query",
        "file function",
        "two statements",
        "key type",
        "unknown type",
        "incompatible type",
        "unknown label",
    ],
)
def test_wrong_mapping_names_the_field(
    client: GraphOLAPClient, nodes: list[Any], edges: list[Any], field: str, words: list[str]
) -> None:
    before = client.mappings.list().total
    with pytest.raises(ValidationError) as caught:
        client.mappings.create("wrong", "", nodes, edges)

    assert caught.value.code == "VALIDATION_FAILED"
    assert caught.value.details["field"].replace("[", ".").replace("]", "").startswith(field)
    for word in words:
        assert word in caught.value.message
    assert "Traceback" not in str(caught.value)
    assert client.mappings.list().total == before


def test_duplicate_keys_fail_with_the_definition_and_a_sample(client: GraphOLAPClient) -> None:
    nodes = [changed(PERSON, sql="SELECT 7 AS id, name FROM people")]
    mapping = client.mappings.create("twins", "", nodes, [])

    with pytest.raises(InstanceFailedError) as caught:
        client.instances.create_from_mapping_and_wait(mapping.id, "twins", progress=False)

    assert "Person" in caught.value.message
    assert "7" in caught.value.message
    assert "skip" in str(caught.value)


def test_value_that_does_not_fit_names_the_column(client: GraphOLAPClient) -> None:
    nodes = [changed(PERSON, properties=[{"name": "name", "type": "DATE"}])]
    mapping = client.mappings.create("dates", "", nodes, [])

    with pytest.raises(InstanceFailedError) as caught:
        client.instances.create_from_mapping_and_wait(mapping.id, "dates", progress=False)

    for word in ("Person", "name", "DATE", "Ada"):
        assert word in caught.value.message


def test_wrong_cypher_is_a_clear_error(client: GraphOLAPClient) -> None:
    mapping = client.mappings.create("ok", "", [PERSON], [KNOWS])
    instance = client.instances.create_from_mapping_and_wait(mapping.id, "ok", progress=False)
    with client.instances.connect(instance.id) as connection:
        for statement, kind in {
            "MATCH (p:Persn) RETURN p": "binder",
            "MATCH (p:Person) RETURN p.nam": "binder",
            "MATCH (p:Person RETURN p": "syntax",
            "MATCH (p:Person) WHERE p.id = $missing RETURN p": "parameter",
            "MATCH (p:Person) SET p.name = 'x'": "write_not_allowed",
            "COPY (MATCH (p) RETURN p.id) TO '/tmp/x.csv'": "statement_not_allowed",
        }.items():
            with pytest.raises(RyugraphError) as caught:
                connection.query(statement)
            assert caught.value.details["kind"] == kind, statement
            assert len(caught.value.message) < 400
        assert connection.query_scalar("MATCH (p:Person) RETURN count(*)") == 3


def assert_refused(serve: Serve, *words: str, code: int = 1) -> None:
    found, errors = serve.wait()
    assert found == code
    assert "Traceback" not in errors
    message = errors.strip().splitlines()[-1]
    for word in words:
        assert word in message


def test_port_in_use(start_serve: Callable[..., Serve], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_refused(start_serve(tmp_path / "data", "--port", str(port)), str(port), "--port")


def test_data_folder_that_cannot_be_written(start_serve: Callable[..., Serve], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "data"
    assert_refused(start_serve(folder, "--port", "0"), str(folder), "--data-dir")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://host/db", ["mysql", "Use duckdb:///"]),
        ("duckdb:///nowhere/x.duckdb", ["/nowhere/x.duckdb", "Check the path"]),
        ("nonsense", ["nonsense", "duckdb:///"]),
    ],
)
def test_unknown_warehouse(start_serve: Callable[..., Serve], tmp_path: Path, url: str, words: list[str]) -> None:
    assert_refused(start_serve(tmp_path / "data", "--port", "0", "--warehouse", url), *words)
    assert not (tmp_path / "data").exists()


def test_second_serve_on_the_same_folder(start_serve: Callable[..., Serve], tmp_path: Path) -> None:
    first = start_serve(tmp_path / "data", "--port", "0")
    first.wait_ready()
    assert_refused(start_serve(tmp_path / "data", "--port", "0"), str(tmp_path / "data"))
    assert first.process.poll() is None


def test_wrong_setting(start_serve: Callable[..., Serve], tmp_path: Path) -> None:
    serve = start_serve(tmp_path / "data", env={"GRAPH_OLAP_PORT": "many"})
    assert_refused(serve, "GRAPH_OLAP_PORT", "many", code=2)


def test_dev_mode_is_refused_beyond_loopback(start_serve: Callable[..., Serve], tmp_path: Path) -> None:
    serve = start_serve(tmp_path / "data", "--host", "0.0.0.0", env={"GRAPH_OLAP_AUTH_MODE": "dev"})
    assert_refused(serve, "dev", "0.0.0.0", code=2)
