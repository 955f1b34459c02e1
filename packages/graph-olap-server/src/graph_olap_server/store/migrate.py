"""Migrations: the Alembic scripts lie inside the package, so that every installation carries them."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from graph_olap_server.domain.errors import unavailable

__all__ = ["alembic_config", "is_described", "upgrade"]


def upgrade(connection: Connection) -> None:
    """Run all missing migrations inside the connection's transaction.

    Raises:
        PlatformError: The tables are those of a newer version.
    """
    config = alembic_config(connection)
    newest = ScriptDirectory.from_config(config).get_current_head()
    current = MigrationContext.configure(connection).get_current_revision()
    if current == newest:
        return
    if current is not None and newest is not None and current > newest:
        raise unavailable(
            "database",
            f"The database belongs to a newer version of Graph OLAP (its tables have version {current}, this one knows "
            f"{newest}). Use the newer version, or a copy of the database from before its upgrade.",
        )
    command.upgrade(config, "head")


def alembic_config(connection: Connection) -> Config:
    """Return what Alembic's commands need to work inside the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def is_described(name: str | None, kind: str, _parents: MutableMapping[Any, str | None]) -> bool:
    """Tell Alembic's comparison (``include_name``) whether the tables of this package describe a table or index.

    The trigram indexes are not: whether and how a database has them depends on the database.
    """
    search = "_search" if kind == "table" else "_search_text"
    return kind not in ("table", "index") or name is None or search not in name
