"""Which process runs a job, so that the job of a dead one can run at once"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('jobs', sa.Column('lease_holder', sa.String(length=255), nullable=True))


def downgrade() -> None:
    op.drop_column('jobs', 'lease_holder')
