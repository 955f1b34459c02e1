"""Statements of sections 1.7, 1.8, 2.1 and 3.5, one case each, as a client that knows nothing else would try them."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

Json = dict[str, Any]
NUMBERED = [{"name": f"p{number}", "type": "INT64"} for number in range(101)]


@pytest.mark.parametrize(
    ("rule", "field", "where", "change"),
    [
        ("V2", "node_definitions", (), {"node_definitions": [], "edge_definitions": []}),
        ("V4", "node_definitions.0.label", ("node_definitions", 0), {"label": "1st"}),
        ("V4", "edge_definitions.0.type", ("edge_definitions", 0), {"type": "Paid"}),
        ("V4", "node_definitions.0.label", ("node_definitions", 0), {"label": "A" * 65}),
        ("V5", "node_definitions.0.label", ("node_definitions", 0), {"label": "Match"}),
        ("V5", "node_definitions.0.primary_key.name", ("node_definitions", 0, "primary_key"), {"name": "order"}),
        ("V6", "node_definitions.0.primary_key.type", ("node_definitions", 0, "primary_key"), {"type": "DOUBLE"}),
        ("V6", "node_definitions.0.properties.0.type", ("node_definitions", 0, "properties", 0), {"type": "MONEY"}),
        ("V7", "node_definitions.0.properties.1.name", ("node_definitions", 0, "properties", 1), {"name": "Opened"}),
        ("V7", "node_definitions.0.properties.0.name", ("node_definitions", 0, "properties", 0), {"name": "acct_no"}),
        ("V8", "node_definitions.0.properties", ("node_definitions", 0), {"properties": NUMBERED}),
        ("V9", "edge_definitions.0.from_node", ("edge_definitions", 0), {"from_node": "Person"}),
        ("V10", "edge_definitions.0.to_key", ("edge_definitions", 0), {"to_key": "src"}),
        ("V11", "node_definitions.0.sql", ("node_definitions", 0), {"sql": "x" * 100_001}),
        ("1.11", "description", (), {"description": "x" * 4001}),
    ],
)
def test_rules_of_definitions(
    ada: httpx.Client, payments: Json, rule: str, field: str, where: tuple[str | int, ...], change: Json
):
    body = copy.deepcopy(payments)
    part: Any = body
    for step in where:
        part = part[step]
    part.update(change)
    details = ada.post("/api/mappings", json=body).json()["error"]["details"]
    assert field in [problem["field"] for problem in details["errors"]], rule
    assert (details["field"], details["reason"]) == (details["errors"][0]["field"], details["errors"][0]["message"])
    assert ada.get("/api/mappings").json()["meta"]["total"] == 0
    # The same rules hold for an update, against what the update leaves as it was.
    path = f"/api/mappings/{ada.post('/api/mappings', json=payments).json()['data']['id']}"
    assert ada.put(path, json={**body, "change_description": "c"}).status_code == 400
    assert ada.get(path).json()["data"]["current_version"] == 1


@pytest.mark.parametrize(
    "ttl", ["P1Y", "P1M", "-P1D", "PT0S", "P1W2D", "PT1.5H", "P", "PT", "P1DT", "1 day", "P366D", ""]
)
def test_these_are_no_durations(ada: httpx.Client, payments: Json, ttl: str):
    reply = ada.post("/api/mappings", json={**payments, "ttl": ttl})
    assert (reply.status_code, reply.json()["error"]["details"]["field"]) == (400, "ttl")


@pytest.mark.parametrize("ttl", ["PT30M", "PT4H", "P7D", "P1DT12H", "P2W", "PT1H1M1S"])
def test_these_are_durations(ada: httpx.Client, payments: Json, ttl: str):
    assert ada.post("/api/mappings", json={**payments, "ttl": ttl}).json()["data"]["ttl"] == ttl


def test_types_are_normalised(ada: httpx.Client, payments: Json):
    payments["node_definitions"][0]["primary_key"]["type"] = "varchar"
    payments["node_definitions"][0]["properties"] = [{"name": "balance", "type": "Real"}]
    (node,) = ada.post("/api/mappings", json=payments).json()["data"]["node_definitions"]
    assert (node["primary_key"]["type"], node["properties"][0]["type"]) == ("STRING", "FLOAT")


def test_pages_of_versions(ada: httpx.Client, payments: Json):
    ada.post("/api/mappings", json=payments)
    for _ in range(3):  # equal definitions make a version too
        same = {"change_description": "same", "node_definitions": payments["node_definitions"]}
        ada.put("/api/mappings/1", json=same)
    for query, numbers, offset, limit in (
        ("", [4, 3, 2, 1], 0, 4),
        ("?limit=2", [4, 3], 0, 2),
        ("?offset=3", [1], 3, 50),
        ("?offset=9", [], 9, 50),
    ):
        reply = ada.get(f"/api/mappings/1/versions{query}").json()
        assert [version["version"] for version in reply["data"]] == numbers, query
        assert reply["meta"].items() >= {"total": 4, "offset": offset, "limit": limit}.items()


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_ties_are_broken_by_id(ada: httpx.Client, payments: Json, order: str):
    """None of these has a size yet, so the ids break the tie, in the same direction."""
    ada.post("/api/mappings", json=payments)
    for name in ("b", "a", "c"):
        ada.post("/api/snapshots", json={"mapping_id": 1, "name": name})
    query = {"sort_order": order}
    by_size = ada.get("/api/snapshots", params={**query, "sort_by": "size_bytes"}).json()["data"]
    assert [item["id"] for item in by_size] == ([1, 2, 3] if order == "asc" else [3, 2, 1])
    by_name = ada.get("/api/snapshots", params={**query, "sort_by": "name"}).json()["data"]
    assert [item["name"] for item in by_name] == sorted("abc", reverse=order == "desc")
