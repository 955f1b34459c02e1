"""Which process holds a lease, so that those of a dead one are free at once"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('snapshots', 'instances'):
        op.add_column(table, sa.Column('lease_holder', sa.String(length=255), nullable=True))


def downgrade() -> None:
    for table in ('snapshots', 'instances'):
        op.drop_column(table, 'lease_holder')
