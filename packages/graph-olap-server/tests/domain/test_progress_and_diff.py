from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graph_olap.models import MappingVersion
from graph_olap_server.domain.diff import diff_versions
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.progress import JobFacts, instance_progress, snapshot_progress
from graph_olap_server.domain.roles import Identity, Role, instance_access, require_owner, require_role

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(seconds=10)
ELEMENTS = [("node", "Account"), ("edge", "PAID")]


def instance(status: str, **changes: Any):
    facts: dict[str, Any] = {
        "waits_for_snapshot": True,
        "elements": ELEMENTS,
        "launched": False,
        "reported": None,
        "started_at": None,
        "ready_at": None,
        "error": None,
        "now": LATER,
        **changes,
    }
    return instance_progress(3, status, **facts)


def test_snapshot_progress_counts_and_phases():
    jobs = [JobFacts("A", "node", "completed", row_count=5), JobFacts("B", "edge", "claimed", row_count=2)]
    progress = snapshot_progress(1, "creating", START, None, jobs, LATER)
    assert (progress.phase, progress.progress_percent, progress.current_step) == ("exporting", 50, "B")
    assert progress.estimated_remaining_seconds == 10
    assert (progress.jobs_completed, progress.jobs_claimed, progress.rows) == (1, 1, 7)
    waiting = [JobFacts("A", "node", "pending")]
    assert snapshot_progress(1, "pending", None, None, waiting, LATER).phase == "queued"
    done = [JobFacts("A", "node", "completed")]
    assert snapshot_progress(1, "creating", START, None, done, LATER).phase == "importing"
    assert snapshot_progress(1, "creating", START, None, done, LATER).progress_percent == 99
    assert snapshot_progress(1, "ready", START, None, done, LATER).progress_percent == 100
    assert snapshot_progress(1, "cancelled", START, "x", done, LATER).phase == "failed"


def test_instance_progress_never_goes_back():
    listening = {"phase": "loading_schema", "steps": []}
    half = {
        "phase": "loading_data",
        "steps": [{"name": "Account", "type": "node", "status": "completed", "row_count": 9}],
    }
    walk = [
        instance("waiting_for_snapshot"),
        instance("starting", started_at=START),
        instance("starting", started_at=START, launched=True),
        instance("starting", started_at=START, launched=True, reported=listening),
        instance("starting", started_at=START, launched=True, reported=half),
        instance("running", started_at=START, launched=True, reported=half),
    ]
    percents = [progress.progress_percent for progress in walk]
    assert percents == sorted(set(percents))
    assert {progress.total_steps for progress in walk} == {7}
    assert [progress.phase for progress in walk] == [
        "waiting_for_snapshot",
        "pod_scheduled",
        "downloading",
        "loading_schema",
        "loading_data",
        "ready",
    ]
    assert walk[-2].rows == 9
    assert percents[-1] == 100


def test_a_failed_instance_marks_one_step():
    progress = instance("failed", started_at=START, launched=True, error="boom")
    assert progress.phase == "failed"
    assert [step["status"] for step in progress.steps].count("failed") == 1
    assert progress.error_message == "boom"


def version(number: int, nodes: list[dict[str, Any]]) -> MappingVersion:
    return MappingVersion(mapping_id=4, version=number, node_definitions=nodes, created_at=START, created_by="ada")


def test_diff_finds_added_removed_and_modified():
    key = {"name": "id", "type": "STRING"}
    properties = [{"name": "a", "type": "STRING"}, {"name": "b", "type": "STRING"}]
    old = version(1, [{"label": "A", "sql": "x", "primary_key": key, "properties": properties},
                      {"label": "B", "sql": "x", "primary_key": key}])  # fmt: skip
    new = version(2, [{"label": "A", "sql": "y", "primary_key": key, "properties": properties[::-1]},
                      {"label": "C", "sql": "x", "primary_key": key}])  # fmt: skip
    diff = diff_versions(4, old, new)
    changes = [(item["label"], item["change_type"], item["fields_changed"]) for item in diff.changes["nodes"]]
    assert changes == [("A", "modified", ["properties", "sql"]), ("B", "removed", None), ("C", "added", None)]
    assert diff.summary == {
        "nodes_added": 1, "nodes_removed": 1, "nodes_modified": 1,
        "edges_added": 0, "edges_removed": 0, "edges_modified": 0,
    }  # fmt: skip
    assert diff_versions(4, old, old).changes == {"nodes": [], "edges": []}


def test_an_index_is_part_of_the_diff():
    plain = {"label": "A", "sql": "SELECT 1", "primary_key": {"name": "id", "type": "STRING"}}
    index = {"name": "words", "type": "fulltext", "properties": ["id"]}
    found = diff_versions(7, version(1, [plain]), version(2, [{**plain, "indexes": [index]}])).changes["nodes"]
    assert [(change["label"], change["fields_changed"]) for change in found] == [("A", ["indexes"])]
    assert "indexes" not in found[0]["from"]
    back = diff_versions(7, version(2, [{**plain, "indexes": [index]}]), version(1, [plain])).changes["nodes"]
    assert back[0]["fields_changed"] == ["indexes"]


def test_roles_are_a_ladder():
    ladder = list(Role)
    for low, high in [(low, high) for low in ladder for high in ladder]:
        assert high.includes(low) == (ladder.index(high) >= ladder.index(low))
    assert Role.parse(" ADMIN ") is Role.ADMIN
    assert Role.parse("root") is None
    with pytest.raises(PlatformError) as raised:
        require_role(Identity("ada", Role.ANALYST), Role.ADMIN)
    assert raised.value.details == {"required_role": "admin", "user_role": "analyst"}


def test_ownership():
    require_owner(Identity("ada", Role.ANALYST), "mapping", 1, "ada")
    require_owner(Identity("root", Role.ADMIN), "mapping", 1, "ada")
    with pytest.raises(PlatformError, match="belongs to ada"):
        require_owner(Identity("bob", Role.ANALYST), "mapping", 1, "ada")


@pytest.mark.parametrize(
    ("caller", "shared", "everyone", "visibility", "expected"),
    [
        (Identity("ada", Role.ANALYST), [], False, "private", (True, True)),
        (Identity("root", Role.OPS), [], False, "private", (True, True)),
        (Identity("bob", Role.ANALYST), [], False, "private", (False, False)),
        (Identity("bob", Role.ANALYST), ["bob"], False, "private", (True, False)),
        (Identity("bob", Role.ANALYST), [], True, "private", (True, False)),
        (Identity("bob", Role.ANALYST), [], False, "open", (True, False)),
        (None, [], True, "private", (False, False)),
        (None, [], False, "open", (True, False)),
    ],
)
def test_instance_access(caller, shared, everyone, visibility, expected):
    access = instance_access(caller, "ada", shared, everyone, visibility)
    assert (access.can_read, access.can_run) == expected
