"""Favorites, jobs, and an audit log that names any object, its source and its result"""

import sqlalchemy as sa
from alembic import op

from graph_olap_server.store.tables import UtcDateTime, WholeNumber

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('favorites',
    sa.Column('username', sa.String(length=255), nullable=False),
    sa.Column('resource_type', sa.String(length=16), nullable=False),
    sa.Column('resource_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('username', 'resource_type', 'resource_id', name=op.f('pk_favorites'))
    )
    op.create_index('ix_favorites_resource', 'favorites', ['resource_type', 'resource_id'], unique=False)
    op.create_table('jobs',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('interval_seconds', sa.Double(), nullable=False),
    sa.Column('next_run_at', UtcDateTime(), nullable=True),
    sa.Column('requested_at', UtcDateTime(), nullable=True),
    sa.Column('triggered_at', UtcDateTime(), nullable=True),
    sa.Column('lease_token', sa.String(length=36), nullable=True),
    sa.Column('lease_expires_at', UtcDateTime(), nullable=True),
    sa.Column('last_started_at', UtcDateTime(), nullable=True),
    sa.Column('last_success_at', UtcDateTime(), nullable=True),
    sa.Column('last_failure_at', UtcDateTime(), nullable=True),
    sa.Column('last_duration_ms', sa.BigInteger(), nullable=True),
    sa.Column('consecutive_failures', WholeNumber, nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_jobs'))
    )
    # SQLite cannot change a column: the table is copied, with its ids.
    with op.batch_alter_table('events', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.alter_column('resource_id', existing_type=sa.Integer(), type_=sa.BigInteger(), nullable=True)
        batch.add_column(sa.Column('resource_name', sa.String(length=255), nullable=True))
        batch.add_column(sa.Column('result', sa.String(length=16), server_default='success', nullable=False))
        batch.add_column(sa.Column('source', sa.String(length=64), nullable=True))
    op.create_index('uq_users_email', 'users', ['email'], unique=True)


def downgrade() -> None:
    op.drop_index('uq_users_email', table_name='users')
    op.execute("DELETE FROM events WHERE resource_id IS NULL")
    with op.batch_alter_table('events', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.drop_column('source')
        batch.drop_column('result')
        batch.drop_column('resource_name')
        batch.alter_column('resource_id', existing_type=sa.BigInteger(), type_=sa.Integer(), nullable=False)
    op.drop_table('jobs')
    op.drop_index('ix_favorites_resource', table_name='favorites')
    op.drop_table('favorites')
