"""The database: one engine, transactions that read and transactions that write.

Writing transactions follow one another on both databases, so that what one has read cannot change before it commits:
counting against a limit and inserting is one step, and no use case needs locks of its own. They are short; the work
between two of them (exports, starts of engines) is done outside any.

* SQLite runs in WAL mode, so readers never wait for the writer; a writing transaction takes the write lock at its start
  (``BEGIN IMMEDIATE``).
* PostgreSQL takes one advisory lock at the start of a writing transaction. It ends with the transaction, also when the
  process that holds it is killed. Readers see one consistent state (``REPEATABLE READ``) and never wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from graph_olap_server import faults
from graph_olap_server.store.migrate import upgrade
from graph_olap_server.store.totals import Totals

__all__ = ["Database"]

_WRITE = "graph_olap_write"
_BUSY_TIMEOUT_MS = 15_000
_WRITE_LOCK = 0x6772_6170_686F  # any number that no other program takes for its advisory locks
_POSTGRES_SESSION = {
    "application_name": "graph-olap",
    "lock_timeout": f"{_BUSY_TIMEOUT_MS}",
    # A process that hangs or lost its network in the middle of a transaction must not keep the others waiting for long.
    "idle_in_transaction_session_timeout": "30000",
    "statement_timeout": "60000",
    "tcp_user_timeout": "30000",
}
_CONNECT_SECONDS = 2


class Database:
    """Sessions on the control plane's database.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL (``postgresql://`` means ``postgresql+psycopg://``).
        connections: Most connections to PostgreSQL that this process opens.

    Attributes:
        totals: What lists of this process counted lately.

    Example:
        >>> database = Database("sqlite://")
        >>> with database.read() as session:
        ...     session.execute(text("SELECT 1")).scalar_one()
        1
        >>> database.close()
    """

    def __init__(self, url: str, *, connections: int = 40) -> None:
        parsed = _with_driver(make_url(url))
        self.totals = Totals()
        # Errors are logged with their text; values may be hashes of keys.
        self._engine: Engine = create_engine(parsed, hide_parameters=True, **_options(parsed, connections))
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            self._reading = self._engine
        else:
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a writing transaction; it commits at the end of the block and rolls back on any error."""
        with (
            self._begin() as connection,
            Session(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session,
        ):
            yield session
            session.flush()
            faults.point("database", "before_commit")
        faults.point("database", "committed")

    def migrate(self) -> None:
        """Bring the tables to the newest version, in one transaction; waits while another process does.

        Raises:
            PlatformError: The tables are those of a newer version.
        """
        with self._begin(patient=True) as connection:
            upgrade(connection)

    def check(self) -> None:
        """Touch the database; raises SQLAlchemy's ``OperationalError`` when it cannot be reached."""
        with self.read() as session:
            session.execute(text("SELECT 1"))

    def connections(self) -> dict[str, float]:
        """Count this process's connections: ``total``, ``in_use`` and ``available``."""
        pool = self._engine.pool
        if not isinstance(pool, QueuePool):
            return {"total": 1, "in_use": 0, "available": 1}
        used, idle = pool.checkedout(), pool.checkedin()
        return {"total": used + idle, "in_use": used, "available": idle}

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _begin(self, *, patient: bool = False) -> Iterator[Connection]:
        with self._engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                if patient:
                    # A step of a migration may rebuild a large table.
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                    connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITE_LOCK})
            yield connection


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _options(url: URL, connections: int) -> dict[str, Any]:
    if url.get_backend_name() == "postgresql":
        session = " ".join(f"-c {name}={value}" for name, value in _POSTGRES_SESSION.items())
        return {
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": _BUSY_TIMEOUT_MS / 1000,
            # After a restart of the database the first use of each connection finds out, not the caller.
            "pool_pre_ping": True,
            "connect_args": {"connect_timeout": _CONNECT_SECONDS, "options": session},
        }
    if url.database in (None, "", ":memory:"):
        return {}
    # As many as there are threads: what overflows a pool is closed after each use, and opening costs more than reading.
    return {"pool_size": 64, "max_overflow": 0, "pool_timeout": _BUSY_TIMEOUT_MS / 1000}


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
    if writing:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # Straight to the driver: it stands before every read, touches no file and so has no error to translate.
        driver = cast(sqlite3.Connection, connection.connection.driver_connection)
        driver.execute("BEGIN")
