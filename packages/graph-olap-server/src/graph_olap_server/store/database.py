"""The database: one engine, transactions that read and transactions that write.

SQLite runs in WAL mode, so readers never wait for the writer. A writing transaction takes the write lock at its start
(``BEGIN IMMEDIATE``): what it has read cannot change before it commits, which makes counting and inserting one step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from graph_olap_server.store.migrate import upgrade

__all__ = ["Database"]

_WRITE = "graph_olap_write"
_BUSY_TIMEOUT_MS = 15_000


class Database:
    """Sessions on the control plane's database.

    Example:
        >>> database = Database("sqlite://")
        >>> with database.read() as session:
        ...     session.execute(text("SELECT 1")).scalar_one()
        1
        >>> database.close()
    """

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = {}
        if make_url(url).database not in (None, "", ":memory:"):
            options = {"pool_size": 16, "max_overflow": 48, "pool_timeout": 15}
        self._engine: Engine = create_engine(url, **options)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a writing transaction; it commits at the end of the block and rolls back on any error."""
        with (
            self._engine.connect().execution_options(**{_WRITE: True}) as connection,
            connection.begin(),
            Session(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session,
        ):
            yield session
            session.flush()

    def migrate(self) -> None:
        """Bring the tables to the newest version, in one transaction."""
        with self._engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
            upgrade(connection)

    def check(self) -> None:
        """Touch the database; raises SQLAlchemy's ``OperationalError`` when it cannot be reached."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # Transactions are begun by _begin_sqlite; the driver must not begin its own.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
