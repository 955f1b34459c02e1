"""Machines with their signs of life, failed logins counted together, and who works on a repeatable write"""

import sqlalchemy as sa
from alembic import op

from graph_olap_server.store.tables import UtcDateTime, WholeNumber

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'hosts',
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('beats', WholeNumber, nullable=False),
        sa.Column('seen_at', UtcDateTime(), nullable=False),
        sa.Column('reconcile_requested_at', UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_hosts')),
    )
    op.create_table(
        'failed_logins',
        sa.Column('id', WholeNumber, nullable=False),
        sa.Column('address', sa.String(length=64), nullable=False),
        sa.Column('failed_at', UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_failed_logins')),
    )
    op.create_index('ix_failed_logins_address_failed_at', 'failed_logins', ['address', 'failed_at'], unique=False)
    op.create_index(op.f('ix_failed_logins_failed_at'), 'failed_logins', ['failed_at'], unique=False)
    op.add_column('instances', sa.Column('host', sa.String(length=200), nullable=True))
    op.add_column('request_outcomes', sa.Column('lease_holder', sa.String(length=255), nullable=True))
    op.add_column('request_outcomes', sa.Column('resource_name', sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column('request_outcomes', 'resource_name')
    op.drop_column('request_outcomes', 'lease_holder')
    op.drop_column('instances', 'host')
    op.drop_index(op.f('ix_failed_logins_failed_at'), table_name='failed_logins')
    op.drop_index('ix_failed_logins_address_failed_at', table_name='failed_logins')
    op.drop_table('failed_logins')
    op.drop_table('hosts')
