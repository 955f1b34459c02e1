"""What is over or unused goes; what is needed or at work stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from graph_olap_server.domain.roles import Identity, Role
from graph_olap_server.jobs.lifecycle import apply_lifetimes
from graph_olap_server.services.audit import AuditQuery, list_audit
from graph_olap_server.services.favorites import add_favorite, list_favorites
from graph_olap_server.services.mappings import list_mappings
from graph_olap_server.services.ops_requests import AddFavorite
from graph_olap_server.store.pages import PageQuery
from graph_olap_server.store.tables import EventRow, InstanceRow

ADA = Identity("ada", Role.ANALYST)


@pytest.fixture
def run_instance(context, make_instance, status_server):
    """Make an instance that runs and answers as the status server is told."""

    def make():
        number = make_instance(starting=True)
        with context.database.write() as session:
            row = session.get_one(InstanceRow, number)
            row.status, row.started_at, row.instance_url = "running", context.clock(), status_server.url
        return number

    return make


def names(context):
    return [mapping.id for mapping in list_mappings(context, PageQuery(sort_by="name")).items]


def test_mappings_expire_and_end_with_disuse(context, make_mapping, clock):
    short, unused = make_mapping(ttl="P1DT12H"), make_mapping(inactivity_timeout="P2D")
    kept = make_mapping(inactivity_timeout="P300D")
    add_favorite(context, ADA, AddFavorite(resource_type="mapping", resource_id=short))
    clock.pass_by(hours=35)
    apply_lifetimes(context)
    assert set(names(context)) == {short, unused, kept}
    clock.pass_by(hours=2)
    apply_lifetimes(context)
    assert set(names(context)) == {unused, kept}
    assert list_favorites(context, ADA, None) == []
    clock.pass_by(hours=12)
    apply_lifetimes(context)
    assert names(context) == [kept]
    assert context.metrics.registry.get_sample_value("ttl_mappings_deleted_total") == 2
    (entry,) = list_audit(context, AuditQuery(action="deleted", resource_id=unused), 0, 10).items
    assert (entry.username, entry.source) == ("system", None)


def test_a_mapping_that_is_needed_is_tried_again_later(context, run_instance, clock, instance_row):
    number = run_instance()
    mapping = instance_row(number).mapping_id
    with context.database.write() as session:
        row = session.get_one(InstanceRow, number)
        row.expires_at = row.inactivity_timeout = None
    clock.pass_by(days=400)
    apply_lifetimes(context)
    assert names(context) == [mapping]
    value = context.metrics.registry.get_sample_value
    assert value("lifecycle_termination_failures_total", {"resource_type": "mapping"}) == 0


def test_an_instance_at_work_is_not_unused(context, run_instance, clock, instance_row, status_server):
    number = run_instance()
    status_server.status = {"active_queries": 0, "lock": {"locked": True}}
    clock.pass_by(hours=5)
    apply_lifetimes(context)
    assert instance_row(number).status == "running"
    assert instance_row(number).last_activity_at == clock.now
    status_server.status = {"active_queries": 0, "lock": {"locked": False}}
    clock.pass_by(hours=5)
    apply_lifetimes(context)
    assert instance_row(number).status == "stopping"
    assert context.metrics.registry.get_sample_value("inactive_instances_terminated_total") == 1


def test_a_lifetime_ends_also_at_work(context, run_instance, clock, instance_row, status_server):
    number = run_instance()
    status_server.status = {"active_queries": 3}
    clock.pass_by(hours=25)
    apply_lifetimes(context)
    assert instance_row(number).status == "stopping"


def test_old_entries_of_the_audit_log_go(context, make_mapping, clock):
    make_mapping()
    with context.database.write() as session:
        for row in session.query(EventRow):
            row.created_at = clock.now - timedelta(days=366)
    make_mapping()
    apply_lifetimes(context)
    assert list_audit(context, AuditQuery(), 0, 10).total == 1
