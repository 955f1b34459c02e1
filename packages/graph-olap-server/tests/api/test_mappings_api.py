from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

Json = dict[str, Any]


def create(client: httpx.Client, body: Json, **changes: Any) -> Json:
    reply = client.post("/api/mappings", json={**body, **changes})
    assert reply.status_code == 201, reply.text
    data: Json = reply.json()["data"]
    return data


def test_create_get_and_list(ada: httpx.Client, payments: Json):
    made = create(ada, payments)
    assert made["current_version"] == 1
    assert made["owner_username"] == "ada"
    assert made["change_description"] is None
    assert made["version"]["version"] == 1
    assert made["node_definitions"][0]["primary_key"] == {"name": "acct_no", "type": "STRING"}
    assert made["created_at"].endswith("Z")
    assert ada.get(f"/api/mappings/{made['id']}").json()["data"] == made
    listed = ada.get("/api/mappings").json()
    assert listed["meta"].items() >= {"total": 1, "offset": 0, "limit": 50}.items()
    assert listed["data"][0]["node_count"] == 1
    full_only = {"node_definitions", "edge_definitions", "change_description", "version_created_at"}
    assert made.keys() - listed["data"][0].keys() == full_only | {"version_created_by", "version"}


def test_every_wrong_sql_is_named(ada: httpx.Client, payments: Json):
    body = copy.deepcopy(payments)
    body["node_definitions"][0]["sql"] = "SELECT acct_no, opened, balance FROM acounts"
    body["edge_definitions"][0]["sql"] = "SELECT src, amount FROM transfers"
    reply = ada.post("/api/mappings", json=body)
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["code"] == "VALIDATION_FAILED"
    # The missing column shows in the text; the unknown table needs the warehouse and comes with the next try.
    assert [problem["field"] for problem in error["details"]["errors"]] == ["edge_definitions.0.sql"]
    assert "dst" in error["message"]
    body["edge_definitions"] = []
    error = ada.post("/api/mappings", json=body).json()["error"]
    assert error["details"]["field"] == "node_definitions.0.sql"
    assert "acounts" in error["message"]
    assert "Traceback" not in error["message"]


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE accounts", "SELECT 1; SELECT 2", "SELECT * FROM read_csv('/etc/passwd')", "COPY accounts TO 'x'"],
)
def test_only_one_query_is_taken(ada: httpx.Client, payments: Json, sql: str):
    payments["node_definitions"][0]["sql"] = sql
    reply = ada.post("/api/mappings", json=payments)
    assert reply.status_code == 400
    assert reply.json()["error"]["details"]["field"] == "node_definitions.0.sql"
    assert ada.get("/api/mappings").json()["meta"]["total"] == 0


def test_a_star_that_lacks_a_column_and_a_type_that_cannot_fit(ada: httpx.Client, payments: Json):
    payments["edge_definitions"][0]["sql"] = "SELECT * FROM transfers"
    payments["edge_definitions"][0]["properties"] = [
        {"name": "amont", "type": "DOUBLE"},
        {"name": "extra", "type": "INT64"},
    ]
    error = ada.post("/api/mappings", json=payments).json()["error"]
    problems = {problem["field"]: problem["message"] for problem in error["details"]["errors"]}
    assert set(problems) == {"edge_definitions.0.properties.0.name", "edge_definitions.0.properties.1.type"}
    assert "Did you mean 'amount'?" in problems["edge_definitions.0.properties.0.name"]


def test_an_edge_that_names_an_unknown_label(ada: httpx.Client, payments: Json):
    payments["edge_definitions"][0]["to_node"] = "Acount"
    error = ada.post("/api/mappings", json=payments).json()["error"]
    assert error["details"]["field"] == "edge_definitions.0.to_node"
    assert "'Acount'" in error["message"]


def test_an_update_makes_a_version_only_for_definitions(ada: httpx.Client, payments: Json):
    made = create(ada, payments)
    path = f"/api/mappings/{made['id']}"
    renamed = ada.put(path, json={"change_description": "name", "name": " New ", "description": ""}).json()["data"]
    assert (renamed["name"], renamed["description"], renamed["current_version"]) == ("New", None, 1)
    changed = ada.put(path, json={"change_description": "no edges", "edge_definitions": []}).json()["data"]
    assert changed["current_version"] == 2
    assert changed["node_definitions"] == made["node_definitions"]
    assert changed["change_description"] == "no edges"
    versions = ada.get(f"{path}/versions").json()
    assert [item["version"] for item in versions["data"]] == [2, 1]
    assert versions["meta"]["limit"] == 2
    diff = ada.get(f"{path}/versions/1/diff/2").json()["data"]
    assert diff["summary"]["edges_removed"] == 1
    same = ada.get(f"{path}/versions/2/diff/2")
    assert (same.status_code, same.json()["error"]["details"]["field"]) == (400, "to_version")
    assert ada.get(f"{path}/versions/9").status_code == 404
    assert ada.put(path, json={"name": "x"}).json()["error"]["details"]["field"] == "change_description"


def test_if_match_protects_against_lost_updates(ada: httpx.Client, payments: Json):
    path = f"/api/mappings/{create(ada, payments)['id']}"
    body = {"change_description": "c", "edge_definitions": []}
    assert ada.put(path, json=body, headers={"If-Match": '"1"'}).status_code == 200
    late = ada.put(path, json=body, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "INVALID_STATE")


def test_only_owner_and_admins_change(as_user: Callable[..., httpx.Client], payments: Json):
    path = f"/api/mappings/{create(as_user('ada'), payments)['id']}"
    body = {"change_description": "mine now", "name": "x"}
    for call in (
        as_user("bob").put(path, json=body),
        as_user("bob").delete(path),
        as_user("bob").put(f"{path}/lifecycle", json={}),
    ):
        assert (call.status_code, call.json()["error"]["code"]) == (403, "PERMISSION_DENIED")
    assert as_user("bob").get(path).status_code == 200
    copied = as_user("bob").post(f"{path}/copy", json={"name": "Mine"})
    assert copied.json()["data"]["owner_username"] == "bob"
    assert copied.json()["data"]["current_version"] == 1
    assert as_user("root", "admin").put(path, json=body).status_code == 200
    assert as_user("root", "ops").delete(path).status_code == 204
    assert as_user("ada").get(path).status_code == 404


def test_a_mapping_with_a_snapshot_stays(ada: httpx.Client, payments: Json):
    made = create(ada, payments)
    snapshot = ada.post("/api/snapshots", json={"mapping_id": made["id"], "name": "s"}).json()["data"]
    refused = ada.delete(f"/api/mappings/{made['id']}").json()["error"]
    assert refused["code"] == "RESOURCE_HAS_DEPENDENCIES"
    assert refused["details"]["dependent_type"] == "snapshot"
    assert ada.delete(f"/api/snapshots/{snapshot['id']}").status_code == 204
    assert ada.delete(f"/api/mappings/{made['id']}").status_code == 204


def test_lifecycle(ada: httpx.Client, payments: Json):
    path = f"/api/mappings/{create(ada, payments, ttl='P90D')['id']}/lifecycle"
    assert ada.put(path, json={"ttl": "P1D"}).json()["data"]["ttl"] == "P1D"
    assert ada.put(path, json={"inactivity_timeout": None}).json()["data"]["inactivity_timeout"] is None
    assert ada.put(path, json={"ttl": "P999D"}).json()["error"]["details"]["field"] == "ttl"
    assert ada.put(path, json={"ttl": "1 day"}).json()["error"]["details"]["field"] == "ttl"


def test_lists_filter_sort_and_page(ada: httpx.Client, as_user: Callable[..., httpx.Client], payments: Json):
    for name in ("b_100%", "a", "C"):
        create(ada, payments, name=name)
    create(as_user("bob"), payments, name="d", description="has a PERCENT")

    def names(**query: Any) -> list[str]:
        return [item["name"] for item in ada.get("/api/mappings", params=query).json()["data"]]

    assert names() == ["d", "C", "a", "b_100%"]
    assert names(owner="bob") == ["d"]
    assert names(search="%") == ["b_100%"]
    assert names(search="percent") == ["d"]
    assert names(sort_by="name", sort_order="asc", limit=2, offset=1) == ["a", "b_100%"]
    assert names(created_after="2999-01-01") == []
    assert len(names(created_before="2999-01-01T00:00:00+02:00")) == 4


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort_by": "owner"}, "sort_by"),
        ({"limit": 101}, "limit"),
        ({"offset": -1}, "offset"),
        ({"created_after": "yesterday"}, "created_after"),
        ({"sort_order": "up"}, "sort_order"),
    ],
)
def test_wrong_list_parameters_are_refused(ada: httpx.Client, query: Json, field: str):
    reply = ada.get("/api/mappings", params=query)
    assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, field)


def test_concurrent_updates_all_get_a_version(as_user: Callable[..., httpx.Client], payments: Json):
    path = f"/api/mappings/{create(as_user('ada'), payments)['id']}"
    clients = [as_user("ada") for _ in range(6)]

    def update(number: int) -> int:
        body = {"change_description": f"change {number}", "edge_definitions": []}
        version: int = clients[number].put(path, json=body).json()["data"]["current_version"]
        return version

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(update, range(6))) == [2, 3, 4, 5, 6, 7]


def test_the_tree_shows_versions_snapshots_and_instances(ada: httpx.Client, payments: Json):
    made = create(ada, payments)
    path = f"/api/mappings/{made['id']}"
    instance = ada.post("/api/instances", json={"name": "i", "mapping_id": made["id"]}).json()["data"]
    ada.put(path, json={"change_description": "c", "edge_definitions": []})
    tree = ada.get(f"{path}/tree").json()["data"]
    assert [version["version"] for version in tree["versions"]] == [2, 1]
    (snapshot,) = tree["versions"][1]["snapshots"]
    assert snapshot["instances"] == [{"id": instance["id"], "name": "i", "status": "waiting_for_snapshot"}]
    assert tree["totals"] == {"version_count": 2, "snapshot_count": 1, "instance_count": 1}
    short = ada.get(f"{path}/tree", params={"include_instances": "false"}).json()["data"]
    assert short["versions"][1]["snapshots"][0]["instances"] == []
    assert short["totals"] == tree["totals"]
    assert ada.get(f"{path}/tree", params={"status": "ready"}).json()["data"]["totals"]["snapshot_count"] == 0
    assert ada.get(f"{path}/tree", params={"status": "x"}).status_code == 400
