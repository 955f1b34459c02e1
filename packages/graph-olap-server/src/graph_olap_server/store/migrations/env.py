"""Alembic's entry: the connection comes from the caller, who also owns the transaction."""

from alembic import context

from graph_olap_server.store.migrate import is_described
from graph_olap_server.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, include_name=is_described
)
context.run_migrations()
