from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.store.database import Database
from graph_olap_server.store.leases import claim_export_job, claim_row, held_row
from graph_olap_server.store.tables import EventRow, ExportJobRow, SnapshotRow
from graph_olap_server.store.transitions import change_status
from sqlalchemy import select


def test_two_workers_never_get_the_same_job(database: Database, add_snapshot: Callable[..., int], now: datetime):
    add_snapshot(*(f"N{number}" for number in range(20)))

    def claim(number: int) -> list[int]:
        found = []
        while True:
            with database.write() as session:
                job = claim_export_job(session, f"worker-{number}", now)
                if job is None:
                    return found
                found.append(job.id)

    with ThreadPoolExecutor(4) as pool:
        claimed = [job for jobs in pool.map(claim, range(4)) for job in jobs]
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 20


def test_a_job_that_waits_is_not_claimed_early(database: Database, add_snapshot: Callable[..., int], now: datetime):
    add_snapshot("A")
    with database.write() as session:
        session.scalars(select(ExportJobRow)).one().not_before = now + timedelta(seconds=2)
    with database.write() as session:
        assert claim_export_job(session, "w", now) is None
    with database.write() as session:
        job = claim_export_job(session, "w", now + timedelta(seconds=2))
        assert job is not None
        assert (job.attempts, job.claims) == (1, 1)


def test_a_lease_is_ours_until_it_is_taken(database: Database, add_snapshot: Callable[..., int], now: datetime):
    snapshot_id = add_snapshot()
    with database.write() as session:
        row = session.get_one(SnapshotRow, snapshot_id)
        first = claim_row(session, row, now, timedelta(seconds=10), "a")
        assert first is not None
        assert claim_row(session, row, now + timedelta(seconds=9), timedelta(seconds=10), "b") is None
        second = claim_row(session, row, now + timedelta(seconds=10), timedelta(seconds=10), "b")
        assert second not in (None, first)
        assert held_row(session, SnapshotRow, snapshot_id, first) is None
        assert held_row(session, SnapshotRow, snapshot_id, str(second)) is row


def test_a_change_of_status_writes_its_event(database: Database, add_snapshot: Callable[..., int], now: datetime):
    snapshot_id = add_snapshot()
    with database.write() as session:
        row = session.get_one(SnapshotRow, snapshot_id)
        change_status(session, row, "creating", now=now, actor="ada", started_at=now)
        assert (row.status, row.started_at) == ("creating", now)
    with database.read() as session:
        (event,) = session.scalars(select(EventRow))
        assert (event.actor, event.from_status, event.to_status) == ("ada", "pending", "creating")


def test_an_illegal_change_changes_nothing(database: Database, add_snapshot: Callable[..., int], now: datetime):
    snapshot_id = add_snapshot()
    with pytest.raises(PlatformError, match="cannot become ready"), database.write() as session:
        change_status(session, session.get_one(SnapshotRow, snapshot_id), "ready", now=now)
    with database.read() as session:
        assert session.get_one(SnapshotRow, snapshot_id).status == "pending"
        assert session.scalars(select(EventRow)).all() == []


def test_a_row_that_changed_meanwhile_is_refused(database: Database, add_snapshot: Callable[..., int], now: datetime):
    snapshot_id = add_snapshot()
    with database.read() as session:
        stale = session.get_one(SnapshotRow, snapshot_id)
    with database.write() as session:
        change_status(session, session.get_one(SnapshotRow, snapshot_id), "cancelled", now=now)
    with pytest.raises(PlatformError, match="changed meanwhile"), database.write() as session:
        change_status(session, stale, "creating", now=now)
