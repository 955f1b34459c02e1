from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import ExportJobRow, MappingRow, SnapshotRow

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def add_snapshot(database: Database) -> Callable[..., int]:
    """Insert a mapping, a pending snapshot and its export jobs; return the snapshot's id."""

    def add(*names: str) -> int:
        with database.write() as session:
            mapping = MappingRow(
                owner_username="ada", name="m", created_at=NOW, updated_at=NOW, last_activity_at=NOW, current_version=1
            )
            session.add(mapping)
            session.flush()
            snapshot = SnapshotRow(
                mapping_id=mapping.id,
                mapping_version=1,
                owner_username="ada",
                name="s",
                status="pending",
                uri="",
                implicit=False,
                created_at=NOW,
                updated_at=NOW,
            )
            session.add(snapshot)
            session.flush()
            for position, name in enumerate(names):
                session.add(
                    ExportJobRow(
                        snapshot_id=snapshot.id,
                        position=position,
                        entity_type="node",
                        entity_name=name,
                        status="pending",
                        created_at=NOW,
                        updated_at=NOW,
                    )
                )
            return snapshot.id

    return add
