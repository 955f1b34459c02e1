"""Where inside the platform an instance failed"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('instances', sa.Column('stack_trace', sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column('instances', 'stack_trace')
