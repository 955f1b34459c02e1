"""Every version is reached from the first one with rows in all its tables, and nothing is lost on the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.store import migrate
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import Base, UtcDateTime
from sqlalchemy import JSON, Boolean, Connection, Engine, MetaData, create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError

NOW = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def engine(make_database_url: Callable[..., str]) -> Iterator[Engine]:
    engine = create_engine(make_database_url(empty=True))
    yield engine
    engine.dispose()


def to_version(connection: Connection, version: str) -> None:
    config = migrate.alembic_config(connection)
    current = MigrationContext.configure(connection).get_current_revision()
    (command.upgrade if current is None or current <= version else command.downgrade)(config, version)


def value_of(column: Any, number: int) -> Any:
    """Return a value for a column, different for each number."""
    kind = column.type
    if isinstance(kind, UtcDateTime) or kind.python_type is datetime:
        return NOW
    if isinstance(kind, JSON):
        return {"of": f"{column.table.name}.{column.name}", "text": "Zürich"}
    if isinstance(kind, Boolean):
        return number == 1
    if kind.python_type is int:
        return number
    return f"{column.name[:6]}-{number}"


def fill(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Put two rows into each table; return them as they are read back."""
    tables = MetaData()
    tables.reflect(connection)
    stored = {}
    for table in tables.sorted_tables:
        if table.name == "alembic_version":
            continue
        for number in (1, 2):
            values = {}
            for column in table.columns:
                parents = [key.column for key in column.foreign_keys]
                values[column.name] = value_of(parents[0] if parents else column, number)
            connection.execute(insert(table).values(values))
        rows = connection.execute(select(table).order_by(*table.primary_key.columns))
        stored[table.name] = [dict(row._mapping) for row in rows]
    return stored


def test_all_rows_of_the_first_version_survive(engine: Engine):
    with engine.begin() as connection:
        to_version(connection, "0001")
        before = fill(connection)
    assert len(before) >= 12

    database = Database(engine.url.render_as_string(hide_password=False))
    database.migrate()
    database.close()

    after = MetaData()
    with engine.connect() as connection:
        after.reflect(connection)
        for name, rows in before.items():
            table = after.tables[name]
            found = [
                dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            assert [{key: row[key] for key in rows[0]} for row in found] == rows, name
        context = MigrationContext.configure(connection, opts={"include_name": migrate.is_described})
        assert compare_metadata(context, Base.metadata) == []


def test_each_version_can_be_left_again(engine: Engine):
    with engine.begin() as connection:
        migrate.upgrade(connection)
    with engine.begin() as connection:
        to_version(connection, "0001")
        fill(connection)
    with engine.begin() as connection:
        migrate.upgrade(connection)


def test_a_failing_migration_changes_nothing(engine: Engine):
    with engine.begin() as connection:
        to_version(connection, "0001")
        fill(connection)
        # Two accounts with one address: version 0002 makes addresses unique.
        connection.execute(text("UPDATE users SET email = 'ada@example.org'"))
    database = Database(engine.url.render_as_string(hide_password=False))
    with pytest.raises(IntegrityError):
        database.migrate()
    database.close()
    with engine.begin() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0001"
        tables = MetaData()
        tables.reflect(connection)
        assert "favorites" not in tables.tables


def test_a_database_of_a_newer_version_is_left_alone(engine: Engine):
    database = Database(engine.url.render_as_string(hide_password=False))
    database.migrate()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(PlatformError, match=r"newer version of Graph OLAP \(its tables have version 9999"):
        database.migrate()
    database.close()
    with engine.begin() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "9999"


@pytest.mark.skipif(os.environ.get("GRAPH_OLAP_TEST_DATABASE") != "postgres", reason="SQLite has no such limits")
def test_a_migration_may_take_longer_than_other_statements(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    limits = {}

    def look(connection: Connection) -> None:
        for name in ("statement_timeout", "lock_timeout"):
            limits[name] = connection.execute(text(f"SHOW {name}")).scalar_one()

    monkeypatch.setattr("graph_olap_server.store.database.upgrade", look)
    database = Database(engine.url.render_as_string(hide_password=False))
    database.migrate()
    assert limits == {"statement_timeout": "0", "lock_timeout": "0"}
    with database.write() as session:
        look(session.connection())
    database.close()
    assert limits == {"statement_timeout": "1min", "lock_timeout": "15s"}


@pytest.mark.skipif(
    os.environ.get("GRAPH_OLAP_TEST_DATABASE") != "postgres", reason="SQLite knows no rights inside a database"
)
def test_a_role_that_may_not_create_extensions_migrates_without(engine: Engine):
    with engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS limited"))
        connection.execute(text("CREATE ROLE limited LOGIN"))
        connection.execute(text("GRANT USAGE, CREATE ON SCHEMA public TO limited"))
    database = Database(engine.url.set(username="limited").render_as_string(hide_password=False))
    try:
        database.migrate()
    finally:
        database.close()
    with engine.connect() as connection:
        migrations = MigrationContext.configure(connection)
        assert migrations.get_current_revision() >= "0008"
        indexes = connection.execute(text("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%search_text'"))
        assert indexes.all() == []
