"""Every resource method: the request it sends and the model it returns."""

from __future__ import annotations

import asyncio

import pytest

from graph_olap import CLEAR, EdgeDefinition, NodeDefinition, PaginatedList, exceptions, models
from graph_olap.models.schema import Schema as WarehouseSchema

NODE = {
    "label": "Account",
    "sql": "SELECT id FROM accounts",
    "primary_key": {"name": "id", "type": "STRING"},
    "properties": [],
}
LIFECYCLE = {"default_ttl": "P7D", "default_inactivity": None, "max_ttl": None}


def _call(path, *args, **kwargs):
    return lambda client: _resolve(client, path)(*args, **kwargs)


def _resolve(client, path):
    resource, method = path.split(".")
    return getattr(getattr(client, resource), method)


MAPPING, SNAPSHOT, INSTANCE = models.Mapping, models.Snapshot, models.Instance
CALLS = [
    # call, method, path, query, body, reply, type of the answer
    (_call("mappings.get", 4), "GET", "/api/mappings/4", {}, None, "mapping", MAPPING),
    (_call("mappings.get_version", 4, 2), "GET", "/api/mappings/4/versions/2", {}, None, "version", None),
    (_call("mappings.list_versions", 4), "GET", "/api/mappings/4/versions", {}, None, ["version"], list),
    (
        _call("mappings.update", 4, "why", description=""),
        "PUT",
        "/api/mappings/4",
        {},
        {"change_description": "why", "description": ""},
        "mapping",
        MAPPING,
    ),
    (_call("mappings.copy", 4, "New"), "POST", "/api/mappings/4/copy", {}, {"name": "New"}, "mapping", MAPPING),
    (
        _call("mappings.set_lifecycle", 4, ttl=CLEAR),
        "PUT",
        "/api/mappings/4/lifecycle",
        {},
        {"ttl": None},
        "mapping",
        MAPPING,
    ),
    (
        _call("mappings.get_tree", 4, include_instances=False, status="ready"),
        "GET",
        "/api/mappings/4/tree",
        {"include_instances": "false", "status": "ready"},
        None,
        {"id": 4},
        dict,
    ),
    (_call("mappings.delete", 4), "DELETE", "/api/mappings/4", {}, None, None, type(None)),
    (_call("snapshots.get", 9), "GET", "/api/snapshots/9", {}, None, "snapshot", SNAPSHOT),
    (
        _call("snapshots.create", 4, "march", version=2, ttl="P7D"),
        "POST",
        "/api/snapshots",
        {},
        {"mapping_id": 4, "name": "march", "version": 2, "ttl": "P7D"},
        "snapshot",
        SNAPSHOT,
    ),
    (_call("snapshots.update", 9, name="x"), "PUT", "/api/snapshots/9", {}, {"name": "x"}, "snapshot", SNAPSHOT),
    (
        _call("snapshots.set_lifecycle", 9, "P1D", CLEAR),
        "PUT",
        "/api/snapshots/9/lifecycle",
        {},
        {"ttl": "P1D", "inactivity_timeout": None},
        "snapshot",
        SNAPSHOT,
    ),
    (_call("snapshots.retry", 9), "POST", "/api/snapshots/9/retry", {}, None, "snapshot", SNAPSHOT),
    (_call("snapshots.delete", 9), "DELETE", "/api/snapshots/9", {}, None, None, type(None)),
    (
        _call("snapshots.get_load_report", 9),
        "GET",
        "/api/snapshots/9/load-report",
        {},
        None,
        "load_report",
        models.LoadReport,
    ),
    (_call("instances.get", 12), "GET", "/api/instances/12", {}, None, "instance", INSTANCE),
    (
        _call("instances.create", 9, "study", cpu_cores=4),
        "POST",
        "/api/instances",
        {},
        {"snapshot_id": 9, "name": "study", "cpu_cores": 4},
        "instance",
        INSTANCE,
    ),
    (
        _call("instances.create_from_mapping", 4, "study", mapping_version=2, snapshot_name="s"),
        "POST",
        "/api/instances/from-mapping",
        {},
        {"mapping_id": 4, "name": "study", "mapping_version": 2, "snapshot_name": "s"},
        "instance",
        INSTANCE,
    ),
    (_call("instances.terminate", 12), "POST", "/api/instances/12/terminate", {}, None, None, type(None)),
    (_call("instances.update", 12, name="x"), "PUT", "/api/instances/12", {}, {"name": "x"}, "instance", INSTANCE),
    (_call("instances.extend_ttl", 12), "POST", "/api/instances/12/extend", {}, {"hours": 24}, "instance", INSTANCE),
    (
        _call("instances.update_cpu", 12, cpu_cores=4),
        "PUT",
        "/api/instances/12/cpu",
        {},
        {"cpu_cores": 4},
        "instance",
        INSTANCE,
    ),
    (
        _call("instances.update_memory", 12, 8),
        "PUT",
        "/api/instances/12/memory",
        {},
        {"memory_gb": 8},
        "instance",
        INSTANCE,
    ),
    (
        _call("instances.share", 12, ["bob"]),
        "PUT",
        "/api/instances/12/sharing",
        {},
        {"users": ["bob"], "everyone": False},
        "instance",
        INSTANCE,
    ),
    (_call("favorites.list", "mapping"), "GET", "/api/favorites", {"resource_type": "mapping"}, None, [], list),
    (
        _call("favorites.add", "mapping", 4),
        "POST",
        "/api/favorites",
        {},
        {"resource_type": "mapping", "resource_id": 4},
        {"resource_type": "mapping", "resource_id": 4, "created_at": "2025-03-01T08:15:00Z"},
        models.Favorite,
    ),
    (_call("favorites.remove", "mapping", 4), "DELETE", "/api/favorites/mapping/4", {}, None, None, type(None)),
    (_call("schema.list_catalogs"), "GET", "/api/schema/catalogs", {}, None, [], list),
    (
        _call("schema.list_columns", "my cat", "a/b", "t?"),
        "GET",
        "/api/schema/catalogs/my cat/schemas/a/b/tables/t?/columns",
        {},
        None,
        [],
        list,
    ),
    (
        _call("schema.search_tables", "cust"),
        "GET",
        "/api/schema/search/tables",
        {"q": "cust", "limit": "100"},
        None,
        [],
        list,
    ),
    (_call("schema.admin_refresh"), "POST", "/api/schema/admin/refresh", {}, None, {"status": "started"}, dict),
    (
        _call("ops.update_lifecycle_config", mapping=LIFECYCLE),
        "PUT",
        "/api/config/lifecycle",
        {},
        {"mapping": LIFECYCLE},
        {"updated": True},
        bool,
    ),
    (
        _call("ops.update_concurrency_config", per_analyst=3),
        "PUT",
        "/api/config/concurrency",
        {},
        {"per_analyst": 3},
        {"per_analyst": 3, "cluster_total": 9},
        models.ConcurrencyConfig,
    ),
    (
        _call("ops.set_maintenance_mode", True, "soon"),
        "PUT",
        "/api/config/maintenance",
        {},
        {"enabled": True, "message": "soon"},
        {"enabled": True, "message": "soon"},
        models.MaintenanceMode,
    ),
    (
        _call("ops.trigger_job", "reconciliation"),
        "POST",
        "/api/ops/jobs/trigger",
        {},
        {"job_name": "reconciliation", "reason": "manual-trigger"},
        {"job_name": "reconciliation"},
        dict,
    ),
    (
        _call("ops.get_export_jobs", "failed"),
        "GET",
        "/api/ops/export-jobs",
        {"status": "failed", "limit": "100"},
        None,
        [{"id": 1}],
        list,
    ),
    (
        _call("admin.bulk_delete", "instance", {"created_by": "x"}, "cleanup", dry_run=True),
        "DELETE",
        "/api/admin/resources/bulk",
        {},
        {
            "resource_type": "instance",
            "filters": {"created_by": "x"},
            "reason": "cleanup",
            "expected_count": None,
            "dry_run": True,
        },
        {"matched_count": 0},
        dict,
    ),
]


@pytest.mark.parametrize(("call", "method", "path", "query", "body", "reply", "kind"), CALLS)
def test_each_method_sends_its_request(platform, wire, client, call, method, path, query, body, reply, kind):
    named = [item for item in ([reply] if isinstance(reply, str) else reply or []) if isinstance(item, str)]
    if isinstance(reply, str):
        value = getattr(wire, reply)()
    elif isinstance(reply, list):
        value = [getattr(wire, item)() if item in named else item for item in reply]
    else:
        value = reply
    platform.on(method, ".*", wire.data(value))
    answer = call(client)
    (sent,) = platform.sent
    assert (sent.method, sent.path, sent.params, sent.body) == (method, path, query, body)
    if kind is not None:
        assert isinstance(answer, kind)


def test_names_in_paths_are_percent_encoded(platform, wire, client):
    seen = []
    platform.on("GET", ".*", wire.data([]))
    client.schema._http._client.event_hooks = {"request": [lambda request: seen.append(request.url.raw_path)]}
    client.schema.list_tables("a/b", "c d")
    assert seen == [b"/api/schema/catalogs/a%2Fb/schemas/c%20d/tables"]


def test_definitions_may_be_models_or_dictionaries(platform, wire, client):
    platform.on("POST", "/api/mappings", wire.data(wire.mapping()))
    edge = EdgeDefinition(type="PAID", from_node="Account", to_node="Account", sql="S", from_key="a", to_key="b")
    client.mappings.create("P", "d", [NODE], [edge], on_bad_rows="strict")
    client.mappings.create("P", "d", [NodeDefinition(**NODE)], [edge.to_dict()], on_bad_rows="strict")
    first, second = (sent.body for sent in platform.sent)
    assert first == second
    assert first["node_definitions"] == [NODE]
    assert first["on_bad_rows"] == "strict"


@pytest.mark.parametrize("resource", ["mappings", "snapshots", "instances"])
def test_lists_are_pages(platform, wire, client, resource):
    item = getattr(wire, resource[:-1])()
    platform.on("GET", f"/api/{resource}", {"data": [item, item], "meta": {"total": 7, "offset": 2, "limit": 2}})
    page = getattr(client, resource).list(owner="ada", search="x", offset=2, limit=1000)
    assert platform.sent[0].params == {
        "owner": "ada",
        "search": "x",
        "offset": "2",
        "limit": "100",
        "sort_by": "created_at",
        "sort_order": "desc",
    }
    assert isinstance(page, PaginatedList)
    assert (len(page), page.total, page.offset, page.limit, page.has_more) == (2, 7, 2, 2, True)
    assert [entry.id for entry in page] == [page[0].id, page[-1].id]
    assert "2 of 7" in repr(page)
    pytest.importorskip("polars")
    assert page.to_polars().height == 2
    assert list(page.to_pandas()["name"]) == [item["name"]] * 2


def test_users_are_not_enveloped(platform, client):
    platform.on("GET", "/api/users/a%20b|/api/users/a b", {"username": "a b", "role": "analyst"})
    platform.on("PUT", "/api/users/ada/role", {"username": "ada", "role": "admin"})
    platform.on("GET", "/api/users", {"data": [{"username": "ada"}], "meta": {}})
    assert client.users.get("a b")["role"] == "analyst"
    assert client.users.assign_role("ada", "admin")["role"] == "admin"
    assert client.users.list(is_active=True)[0]["username"] == "ada"
    assert platform.sent[-1].params["is_active"] == "true"


def test_metrics_are_text(platform, client):
    import httpx

    platform.on("GET", "/metrics", httpx.Response(200, text="instances_total 3\n"))
    assert client.ops.get_metrics() == "instances_total 3\n"


def test_warehouse_schemas_and_graph_schemas_are_different_models(platform, wire, client):
    item = {"catalog_name": "c", "schema_name": "s", "table_count": 3}
    platform.on("GET", "/api/schema/catalogs/c/schemas", wire.data([item]))
    assert isinstance(client.schema.list_schemas("c")[0], WarehouseSchema)


def test_a_diff_reads_as_text(platform, wire, client):
    diff = {
        "mapping_id": 4,
        "from_version": 1,
        "to_version": 2,
        "summary": {"nodes_added": 0, "nodes_modified": 1},
        "changes": {
            "nodes": [
                {
                    "label": "Account",
                    "change_type": "modified",
                    "fields_changed": ["sql"],
                    "from": {"sql": "SELECT a\nFROM t"},
                    "to": {"sql": "SELECT a, b\nFROM t"},
                }
            ],
            "edges": [],
        },
    }
    platform.on("GET", "/api/mappings/4/versions/1/diff/2", wire.data(diff))
    assert client.mappings.diff_versions(4, 1, 2) == diff
    assert str(client.mappings.diff(4, 1, 2)).splitlines() == [
        "Mapping 4, version 1 → 2: 1 nodes modified",
        "~ node Account",
        "    sql",
        "      -SELECT a",
        "      +SELECT a, b",
        "       FROM t",
    ]


def test_connecting_to_an_instance_that_failed_says_why(platform, wire, client):
    failed = wire.instance(status="failed", error_code="OOM_KILLED", error_message="It used more than 2 GB.")
    platform.on("GET", "/api/instances/12", wire.data(failed))
    with pytest.raises(exceptions.InvalidStateError, match=r"is failed; it must be running. It used more than 2 GB\."):
        client.instances.connect(12)


def test_connecting_needs_a_running_instance(platform, wire, client):
    platform.on("GET", "/api/instances/12", wire.data(wire.instance(status="waiting_for_snapshot", instance_url=None)))
    with pytest.raises(exceptions.InvalidStateError) as caught:
        client.instances.connect(12)
    assert "waiting for snapshot; it must be running" in str(caught.value)
    assert "wait_until_running(12)" in str(caught.value)
    assert client.instances.check_health(12) is False


@pytest.fixture
def forty_mappings(platform, wire):
    """A list of forty in which one more comes first while it is read."""
    numbers = [list(range(40, 0, -1))]

    def answer(sent):
        offset, limit = int(sent.params.get("offset", 0)), int(sent.params["limit"])
        found = numbers[0][offset : offset + limit]
        total = len(numbers[0])
        if offset == 0:
            numbers[0] = [41, *numbers[0]]
        items = [{**wire.mapping(), "id": number} for number in found]
        return {"data": items, "meta": {"total": total, "offset": offset, "limit": limit}}

    platform.on("GET", "/api/mappings", answer)
    return platform


def test_all_pages_are_read_one_by_one_and_nothing_twice(forty_mappings, client):
    everything = client.mappings.list(search="x", limit=15).iter_all()
    first = [next(everything).id for _ in range(15)]
    assert (first[0], first[-1], len(forty_mappings.sent)) == (40, 26, 1)
    assert [found.id for found in everything] == list(range(25, 0, -1))
    assert [sent.params["offset"] for sent in forty_mappings.sent] == ["0", "15", "30"]
    assert {sent.params["search"] for sent in forty_mappings.sent} == {"x"}


def test_all_pages_of_the_asynchronous_client(forty_mappings, platform):
    async def read():
        async with platform.async_client() as client:
            page = await client.mappings.list(limit=25)
            return [found.id async for found in page.iter_all()]

    assert asyncio.run(read()) == list(range(40, 0, -1))


def test_a_list_made_by_hand_has_no_next_page():
    with pytest.raises(ValueError, match="did not come from a client"):
        PaginatedList([], 5, 0, 50).next_page()


def test_lists_without_pages_are_frames_and_tables_too(platform, client):
    row = {"catalog_name": "bank", "schema_count": 3}
    platform.on("GET", "/api/schema/catalogs", {"data": [row]})
    catalogs = client.schema.list_catalogs()
    assert "bank" in catalogs._repr_html_()
    assert catalogs.to_dicts()[0]["schema_count"] == 3
    pytest.importorskip("polars")
    assert catalogs.to_polars()["schema_count"].to_list() == [3]
    assert catalogs.to_pandas()["catalog_name"].tolist() == ["bank"]
