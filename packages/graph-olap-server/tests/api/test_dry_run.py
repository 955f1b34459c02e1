from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from graph_olap import GraphOLAPClient, NodeDefinition, ValidationError
from graph_olap_server.services import dry_run as use_case
from graph_olap_server.services.context import Context
from graph_olap_server.warehouse.factory import open_warehouse


@pytest.fixture
def context(make_context: Callable[..., Context], tmp_path: Path) -> Iterator[Context]:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE accounts AS FROM (VALUES ('a', 1, '7'), ('b', 2, 'x')) t(id, size, text)")
        connection.execute("CREATE TABLE twins AS FROM (VALUES ('a'), ('a'), (NULL)) t(id)")
        connection.execute("CREATE TABLE paid AS FROM (VALUES ('a', 'b'), ('a', 'z'), (NULL, 'b')) t(src, dst)")
    warehouse = open_warehouse(f"duckdb://{file}")
    yield replace(make_context(), warehouse=warehouse)
    warehouse.close()


@pytest.fixture
def client(context: Context, client_of: Callable[..., httpx.Client]) -> Iterator[GraphOLAPClient]:
    with GraphOLAPClient(api_url=str(client_of(context).base_url), username="ada") as client:
        yield client


def node(sql: str, *properties: tuple[str, str]) -> dict[str, Any]:
    return {
        "label": "Account",
        "sql": sql,
        "primary_key": {"name": "id", "type": "STRING"},
        "properties": [{"name": name, "type": kind} for name, kind in properties],
    }


PAID = {
    "type": "PAID", "from_node": "Account", "to_node": "Account",
    "sql": "SELECT * FROM paid", "from_key": "src", "to_key": "dst",
}  # fmt: skip


def test_a_mapping_that_would_work(client: GraphOLAPClient):
    found = client.mappings.dry_run([node("SELECT * FROM accounts", ("size", "INT64"))], [PAID])
    assert found.valid
    assert (found.estimated_nodes, found.estimated_edges, found.rows_rejected) == (2, 1, 2)
    assert [(bad.reason, bad.rows, bad.sample_keys) for bad in found["PAID"].rejected] == [
        ("null_key", 1, []), ("dangling_to", 1, ["z"]),
    ]  # fmt: skip
    assert found.estimated_bytes == sum(item.estimated_bytes or 0 for item in found.definitions) > 0
    assert found.estimated_load_seconds > 0
    assert "A snapshot would succeed: 2 nodes and 1 edges" in str(found)
    assert client.mappings.list().total == 0


def test_a_mapping_that_would_fail(client: GraphOLAPClient):
    found = client.mappings.dry_run([node("SELECT * FROM twins")])
    assert not found.valid
    assert found.problems == [
        "Node Account: 2 of 3 rows cannot be loaded (1 with null key, 1 with duplicate key), and on_bad_rows='report' "
        "does not allow that."
    ]
    assert client.mappings.dry_run([node("SELECT * FROM twins")], on_bad_rows="skip").valid
    strict = client.mappings.dry_run([node("SELECT * FROM accounts")], [PAID], on_bad_rows="strict")
    assert [problem.partition(":")[0] for problem in strict.problems] == ["Edge PAID"]


def test_values_that_clash_with_their_type(client: GraphOLAPClient):
    found = client.mappings.dry_run([node("SELECT * FROM accounts", ("text", "INT64"))])
    assert not found.valid
    assert [(clash.column, clash.rows, clash.sample) for clash in found["Account"].clashes] == [("text", 1, "x")]
    assert found.estimated_bytes is None
    assert "do not fit INT64, for example 'x'" in found._repr_html_().replace("&#x27;", "'")


def test_wrong_definitions_are_refused_as_in_create(client: GraphOLAPClient):
    with pytest.raises(ValidationError) as caught:
        client.mappings.dry_run([node("SELECT nothing FROM accounts"), node("DROP TABLE accounts")])
    assert len(caught.value.details["errors"]) >= 1
    with pytest.raises(ValidationError, match="size"):
        client.mappings.dry_run([NodeDefinition.from_dict(node("SELECT id FROM accounts", ("size", "INT64")))])


def test_a_long_one_is_stopped(context: Context, client_of: Callable[..., httpx.Client]):
    hasty = replace(context, settings=context.settings.model_copy(update={"dry_run_max_duration": 0.1}))
    url = str(client_of(hasty).base_url)
    sql = "SELECT (a.range * b.range)::VARCHAR AS id FROM range(100000) a, range(1000000) b"
    with GraphOLAPClient(api_url=url, username="ada") as client, pytest.raises(TimeoutError) as caught:
        client.mappings.dry_run([node(sql)])
    assert "took longer than 0.1 s" in str(caught.value)


def test_two_at_a_time(context: Context, client_of: Callable[..., httpx.Client], monkeypatch: pytest.MonkeyPatch):
    class Full:
        def acquire(self, timeout: float) -> bool:
            return False

    monkeypatch.setattr(use_case, "_slots", Full())
    reply = client_of(context, **{"X-Username": "ada"}).post(
        "/api/mappings/validate", json={"node_definitions": [node("SELECT * FROM accounts")]}
    )
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
