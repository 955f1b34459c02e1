"""Salted hashes of API keys, and the answers to writes that may be repeated"""

import sqlalchemy as sa
from alembic import op

from graph_olap_server.store.tables import UtcDateTime, WholeNumber

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('request_outcomes',
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('body_hash', sa.String(length=64), nullable=False),
    sa.Column('token', sa.String(length=36), nullable=False),
    sa.Column('lease_expires_at', UtcDateTime(), nullable=False),
    sa.Column('event_type', sa.String(length=64), nullable=True),
    sa.Column('resource_type', sa.String(length=32), nullable=True),
    sa.Column('resource_id', WholeNumber, nullable=True),
    sa.Column('status', WholeNumber, nullable=True),
    sa.Column('headers', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_request_outcomes'))
    )
    op.create_index(op.f('ix_request_outcomes_expires_at'), 'request_outcomes', ['expires_at'], unique=False)
    # Keys without a salt are hashed again when they are next used.
    op.add_column('api_keys', sa.Column('salt', sa.String(length=32), nullable=True))
    op.create_index(op.f('ix_api_keys_prefix'), 'api_keys', ['prefix'], unique=False)


def downgrade() -> None:
    # A salted hash means nothing to the first version.
    op.execute("DELETE FROM api_keys WHERE salt IS NOT NULL")
    op.drop_index(op.f('ix_api_keys_prefix'), table_name='api_keys')
    op.drop_column('api_keys', 'salt')
    op.drop_index(op.f('ix_request_outcomes_expires_at'), table_name='request_outcomes')
    op.drop_table('request_outcomes')
