"""Alembic's entry: the connection comes from the caller, who also owns the transaction."""

from alembic import context

from graph_olap_server.store.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
