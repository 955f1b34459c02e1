from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from graph_olap_server.store.database import Database
from graph_olap_server.store.migrate import is_described
from graph_olap_server.store.tables import Base, SettingRow
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError


def test_migrations_make_the_tables_that_the_code_uses(database: Database):
    with database.read() as session:
        context = MigrationContext.configure(
            session.connection(), opts={"compare_type": True, "include_name": is_described}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(database: Database, now):
    with database.write() as session:
        session.add(SettingRow(key="k", value={"a": 1}, updated_at=now, updated_by="ada"))
    database.migrate()
    with database.read() as session:
        assert session.get_one(SettingRow, "k").value == {"a": 1}
        assert session.get_one(SettingRow, "k").updated_at == now


def test_sqlite_is_set_up_for_many_readers(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with database.read() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert session.execute(text("PRAGMA busy_timeout")).scalar_one() >= 1000
    database.close()


def test_an_error_rolls_everything_back(database: Database, now):
    def fail() -> None:
        with database.write() as session:
            session.add(SettingRow(key="k", value={}, updated_at=now, updated_by="ada"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(SettingRow)).scalar_one() == 0


def test_counting_and_inserting_is_one_step(database: Database, now):
    """Thirty threads insert only while fewer than five rows exist: a lost update would let more in."""
    barrier = threading.Barrier(30)

    def insert(number: int) -> None:
        barrier.wait()
        with database.write() as session:
            if session.execute(select(func.count()).select_from(SettingRow)).scalar_one() < 5:
                session.add(SettingRow(key=str(number), value={}, updated_at=now, updated_by="ada"))

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(insert, range(30)))
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(SettingRow)).scalar_one() == 5


def test_one_reader_sees_one_state(database: Database, now):
    """The page of a list and its total are two statements; a commit between them must not show."""
    with database.read() as reader:
        count = select(func.count()).select_from(SettingRow)
        assert reader.execute(count).scalar_one() == 0
        with database.write() as writer:
            writer.add(SettingRow(key="k", value={}, updated_at=now, updated_by="ada"))
        assert reader.execute(count).scalar_one() == 0


def test_readers_do_not_wait_for_the_writer(database: Database, now):
    with database.write() as writer:
        writer.add(SettingRow(key="k", value={}, updated_at=now, updated_by="ada"))
        writer.flush()
        with database.read() as reader:
            assert reader.get(SettingRow, "k") is None


def test_errors_do_not_tell_the_values_of_a_statement(database: Database):
    """They are logged with their text, and values may be hashes of keys and what users wrote."""
    with pytest.raises(DBAPIError) as raised, database.read() as session:
        session.execute(text("SELECT :value FROM missing"), {"value": "s3cret"})
    assert "missing" in str(raised.value)
    assert "s3cret" not in str(raised.value)
