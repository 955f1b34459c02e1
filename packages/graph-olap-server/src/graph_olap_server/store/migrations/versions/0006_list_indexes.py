"""Indexes for lists: by name, and of one owner by time"""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

TABLES = ('mappings', 'snapshots', 'instances')


def upgrade() -> None:
    for table in TABLES:
        op.create_index(op.f(f'ix_{table}_name'), table, ['name'], unique=False)
        op.create_index(f'ix_{table}_owner_created', table, ['owner_username', 'created_at'], unique=False)
        op.drop_index(op.f(f'ix_{table}_owner_username'), table_name=table)


def downgrade() -> None:
    for table in TABLES:
        op.create_index(op.f(f'ix_{table}_owner_username'), table, ['owner_username'], unique=False)
        op.drop_index(f'ix_{table}_owner_created', table_name=table)
        op.drop_index(op.f(f'ix_{table}_name'), table_name=table)
