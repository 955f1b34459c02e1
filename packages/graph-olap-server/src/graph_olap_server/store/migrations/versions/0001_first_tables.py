"""First tables"""

import sqlalchemy as sa
from alembic import op

from graph_olap_server.store.tables import UtcDateTime, WholeNumber

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cached_schemas',
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('catalog_name', sa.Text(), nullable=False),
    sa.Column('schema_name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cached_schemas'))
    )
    op.create_table('cached_tables',
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('catalog_name', sa.Text(), nullable=False),
    sa.Column('schema_name', sa.Text(), nullable=False),
    sa.Column('table_name', sa.Text(), nullable=False),
    sa.Column('table_type', sa.Text(), nullable=False),
    sa.Column('column_count', WholeNumber, nullable=False),
    sa.Column('search_name', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cached_tables'))
    )
    op.create_index(op.f('ix_cached_tables_search_name'), 'cached_tables', ['search_name'], unique=False)
    op.create_table('events',
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('actor', sa.String(length=255), nullable=False),
    sa.Column('event_type', sa.String(length=64), nullable=False),
    sa.Column('resource_type', sa.String(length=32), nullable=False),
    sa.Column('resource_id', WholeNumber, nullable=False),
    sa.Column('from_status', sa.String(length=32), nullable=True),
    sa.Column('to_status', sa.String(length=32), nullable=True),
    sa.Column('details', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('request_id', sa.String(length=128), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_events')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_events_created_at'), 'events', ['created_at'], unique=False)
    op.create_index('ix_events_resource', 'events', ['resource_type', 'resource_id'], unique=False)
    op.create_table('file_removals',
    sa.Column('snapshot_id', WholeNumber, autoincrement=False, nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('attempts', WholeNumber, nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('snapshot_id', name=op.f('pk_file_removals'))
    )
    op.create_table('instances',
    sa.Column('mapping_id', WholeNumber, nullable=False),
    sa.Column('mapping_version', WholeNumber, nullable=False),
    sa.Column('snapshot_id', WholeNumber, nullable=False),
    sa.Column('wrapper_type', sa.String(length=32), nullable=False),
    sa.Column('status', sa.String(length=32), nullable=False),
    sa.Column('waits_for_snapshot', sa.Boolean(), nullable=False),
    sa.Column('handle', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('instance_url', sa.Text(), nullable=True),
    sa.Column('reported', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('error_code', sa.String(length=64), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('shared_users', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('shared_everyone', sa.Boolean(), nullable=False),
    sa.Column('cpu_cores', WholeNumber, nullable=False),
    sa.Column('memory_gb', WholeNumber, nullable=True),
    sa.Column('memory_usage_bytes', sa.BigInteger(), nullable=True),
    sa.Column('disk_usage_bytes', sa.BigInteger(), nullable=True),
    sa.Column('starting_at', UtcDateTime(), nullable=True),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('last_activity_at', UtcDateTime(), nullable=True),
    sa.Column('lease_token', sa.String(length=36), nullable=True),
    sa.Column('lease_expires_at', UtcDateTime(), nullable=True),
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('owner_username', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('ttl', sa.String(length=64), nullable=True),
    sa.Column('inactivity_timeout', sa.String(length=64), nullable=True),
    sa.Column('expires_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_instances')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_instances_created_at'), 'instances', ['created_at'], unique=False)
    op.create_index(op.f('ix_instances_expires_at'), 'instances', ['expires_at'], unique=False)
    op.create_index(op.f('ix_instances_mapping_id'), 'instances', ['mapping_id'], unique=False)
    op.create_index(op.f('ix_instances_owner_username'), 'instances', ['owner_username'], unique=False)
    op.create_index(op.f('ix_instances_snapshot_id'), 'instances', ['snapshot_id'], unique=False)
    op.create_index(op.f('ix_instances_status'), 'instances', ['status'], unique=False)
    op.create_table('mappings',
    sa.Column('current_version', WholeNumber, nullable=False),
    sa.Column('last_activity_at', UtcDateTime(), nullable=False),
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('owner_username', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('ttl', sa.String(length=64), nullable=True),
    sa.Column('inactivity_timeout', sa.String(length=64), nullable=True),
    sa.Column('expires_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mappings')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_mappings_created_at'), 'mappings', ['created_at'], unique=False)
    op.create_index(op.f('ix_mappings_expires_at'), 'mappings', ['expires_at'], unique=False)
    op.create_index(op.f('ix_mappings_owner_username'), 'mappings', ['owner_username'], unique=False)
    op.create_table('settings',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('value', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('updated_by', sa.String(length=255), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_settings'))
    )
    op.create_table('users',
    sa.Column('username', sa.String(length=255), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=True),
    sa.Column('display_name', sa.String(length=255), nullable=True),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('last_login_at', UtcDateTime(), nullable=True),
    sa.Column('role_changed_at', UtcDateTime(), nullable=True),
    sa.Column('role_changed_by', sa.String(length=255), nullable=True),
    sa.PrimaryKeyConstraint('username', name=op.f('pk_users'))
    )
    op.create_table('api_keys',
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('username', sa.String(length=255), nullable=False),
    sa.Column('prefix', sa.String(length=32), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('expires_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.Column('last_used_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['username'], ['users.username'], name=op.f('fk_api_keys_username')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_api_keys_key_hash')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_api_keys_username'), 'api_keys', ['username'], unique=False)
    op.create_table('cached_columns',
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('table_id', WholeNumber, nullable=False),
    sa.Column('column_name', sa.Text(), nullable=False),
    sa.Column('data_type', sa.Text(), nullable=False),
    sa.Column('is_nullable', sa.Boolean(), nullable=False),
    sa.Column('ordinal_position', WholeNumber, nullable=False),
    sa.Column('column_default', sa.Text(), nullable=True),
    sa.Column('search_name', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['table_id'], ['cached_tables.id'], name=op.f('fk_cached_columns_table_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cached_columns'))
    )
    op.create_index(op.f('ix_cached_columns_search_name'), 'cached_columns', ['search_name'], unique=False)
    op.create_index(op.f('ix_cached_columns_table_id'), 'cached_columns', ['table_id'], unique=False)
    op.create_table('mapping_versions',
    sa.Column('mapping_id', WholeNumber, nullable=False),
    sa.Column('version', WholeNumber, nullable=False),
    sa.Column('change_description', sa.Text(), nullable=True),
    sa.Column('node_definitions', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('edge_definitions', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('node_count', WholeNumber, nullable=False),
    sa.Column('edge_type_count', WholeNumber, nullable=False),
    sa.Column('on_bad_rows', sa.String(length=16), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.String(length=255), nullable=False),
    sa.ForeignKeyConstraint(['mapping_id'], ['mappings.id'], name=op.f('fk_mapping_versions_mapping_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('mapping_id', 'version', name=op.f('pk_mapping_versions'))
    )
    op.create_table('snapshots',
    sa.Column('mapping_id', WholeNumber, nullable=False),
    sa.Column('mapping_version', WholeNumber, nullable=False),
    sa.Column('status', sa.String(length=32), nullable=False),
    sa.Column('uri', sa.Text(), nullable=False),
    sa.Column('implicit', sa.Boolean(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=True),
    sa.Column('node_counts', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('edge_counts', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('load_report', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('started_at', UtcDateTime(), nullable=True),
    sa.Column('ready_at', UtcDateTime(), nullable=True),
    sa.Column('last_used_at', UtcDateTime(), nullable=True),
    sa.Column('lease_token', sa.String(length=36), nullable=True),
    sa.Column('lease_expires_at', UtcDateTime(), nullable=True),
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('owner_username', sa.String(length=255), nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('ttl', sa.String(length=64), nullable=True),
    sa.Column('inactivity_timeout', sa.String(length=64), nullable=True),
    sa.Column('expires_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['mapping_id'], ['mappings.id'], name=op.f('fk_snapshots_mapping_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_snapshots')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_snapshots_created_at'), 'snapshots', ['created_at'], unique=False)
    op.create_index(op.f('ix_snapshots_expires_at'), 'snapshots', ['expires_at'], unique=False)
    op.create_index(op.f('ix_snapshots_mapping_id'), 'snapshots', ['mapping_id'], unique=False)
    op.create_index(op.f('ix_snapshots_owner_username'), 'snapshots', ['owner_username'], unique=False)
    op.create_index(op.f('ix_snapshots_status'), 'snapshots', ['status'], unique=False)
    op.create_table('export_jobs',
    sa.Column('id', WholeNumber, nullable=False),
    sa.Column('snapshot_id', WholeNumber, nullable=False),
    sa.Column('position', WholeNumber, nullable=False),
    sa.Column('entity_type', sa.String(length=8), nullable=False),
    sa.Column('entity_name', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('attempts', WholeNumber, nullable=False),
    sa.Column('claims', WholeNumber, nullable=False),
    sa.Column('poll_count', WholeNumber, nullable=False),
    sa.Column('not_before', UtcDateTime(), nullable=True),
    sa.Column('claimed_by', sa.String(length=255), nullable=True),
    sa.Column('claimed_at', UtcDateTime(), nullable=True),
    sa.Column('submitted_at', UtcDateTime(), nullable=True),
    sa.Column('completed_at', UtcDateTime(), nullable=True),
    sa.Column('lease_token', sa.String(length=36), nullable=True),
    sa.Column('lease_expires_at', UtcDateTime(), nullable=True),
    sa.Column('row_count', sa.BigInteger(), nullable=True),
    sa.Column('size_bytes', sa.BigInteger(), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['snapshot_id'], ['snapshots.id'], name=op.f('fk_export_jobs_snapshot_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_export_jobs')),
    sa.UniqueConstraint('snapshot_id', 'entity_type', 'entity_name', name=op.f('uq_export_jobs_snapshot_id_entity_type_entity_name')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_export_jobs_status_not_before', 'export_jobs', ['status', 'not_before'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_export_jobs_status_not_before', table_name='export_jobs')
    op.drop_table('export_jobs')
    op.drop_index(op.f('ix_snapshots_status'), table_name='snapshots')
    op.drop_index(op.f('ix_snapshots_owner_username'), table_name='snapshots')
    op.drop_index(op.f('ix_snapshots_mapping_id'), table_name='snapshots')
    op.drop_index(op.f('ix_snapshots_expires_at'), table_name='snapshots')
    op.drop_index(op.f('ix_snapshots_created_at'), table_name='snapshots')
    op.drop_table('snapshots')
    op.drop_table('mapping_versions')
    op.drop_index(op.f('ix_cached_columns_table_id'), table_name='cached_columns')
    op.drop_index(op.f('ix_cached_columns_search_name'), table_name='cached_columns')
    op.drop_table('cached_columns')
    op.drop_index(op.f('ix_api_keys_username'), table_name='api_keys')
    op.drop_table('api_keys')
    op.drop_table('users')
    op.drop_table('settings')
    op.drop_index(op.f('ix_mappings_owner_username'), table_name='mappings')
    op.drop_index(op.f('ix_mappings_expires_at'), table_name='mappings')
    op.drop_index(op.f('ix_mappings_created_at'), table_name='mappings')
    op.drop_table('mappings')
    op.drop_index(op.f('ix_instances_status'), table_name='instances')
    op.drop_index(op.f('ix_instances_snapshot_id'), table_name='instances')
    op.drop_index(op.f('ix_instances_owner_username'), table_name='instances')
    op.drop_index(op.f('ix_instances_mapping_id'), table_name='instances')
    op.drop_index(op.f('ix_instances_expires_at'), table_name='instances')
    op.drop_index(op.f('ix_instances_created_at'), table_name='instances')
    op.drop_table('instances')
    op.drop_table('file_removals')
    op.drop_index('ix_events_resource', table_name='events')
    op.drop_index(op.f('ix_events_created_at'), table_name='events')
    op.drop_table('events')
    op.drop_index(op.f('ix_cached_tables_search_name'), table_name='cached_tables')
    op.drop_table('cached_tables')
    op.drop_table('cached_schemas')
