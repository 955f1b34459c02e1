"""Lists over many rows: covering indexes, folded texts with a trigram index, and a state by which totals are kept"""

import sqlalchemy as sa
from alembic import op

from graph_olap_server.store.search import search_text

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

TABLES = ('mappings', 'snapshots', 'instances')
OLD_INDEXES = {
    'name': ('name',),
    'created_at': ('created_at',),
    'owner_created': ('owner_username', 'created_at'),
    'status': ('status',),
}
NEW_INDEXES = {
    'list_created': ('created_at', 'id'),
    'list_name': ('name', 'id', 'created_at'),
    'list_updated': ('updated_at', 'id', 'created_at'),
    'list_owner_created': ('owner_username', 'created_at', 'id'),
    'list_owner_name': ('owner_username', 'name', 'id', 'created_at'),
    'list_owner_updated': ('owner_username', 'updated_at', 'id', 'created_at'),
    'list_status_created': ('status', 'created_at', 'id'),
}
FILTERED = {
    'mappings': ('owner_username', 'search_text', 'created_at'),
    'snapshots': ('owner_username', 'search_text', 'created_at', 'status', 'mapping_id', 'mapping_version'),
    'instances': ('owner_username', 'search_text', 'created_at', 'status', 'mapping_id', 'snapshot_id'),
}


def upgrade() -> None:
    op.create_table(
        'list_states',
        sa.Column('resource', sa.String(length=16), nullable=False),
        sa.Column('state', sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint('resource', name=op.f('pk_list_states')),
    )
    for table in TABLES:
        op.execute(f"INSERT INTO list_states (resource, state) VALUES ('{table}', '')")
        op.add_column(table, sa.Column('search_text', sa.Text(), server_default='', nullable=False))
        _fill(table)
        for name, columns in _of(table, OLD_INDEXES).items():
            op.drop_index(f'ix_{table}_{name}', table_name=table)
        for name, columns in _of(table, NEW_INDEXES).items():
            covering = ('status',) if table != 'mappings' and 'status' not in columns else ()
            op.create_index(f'ix_{table}_{name}', table, [*columns, *covering], unique=False)
    if op.get_bind().dialect.name == 'postgresql':
        _upgrade_postgres()
    else:
        _upgrade_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for table in TABLES:
            op.execute(f'DROP TRIGGER {table}_list_state ON {table}')
            op.execute(f'DROP INDEX IF EXISTS ix_{table}_search_text')
        op.execute('DROP FUNCTION graph_olap_list_state()')
    else:
        for table in TABLES:
            for event in ('insert', 'delete', 'update'):
                op.execute(f'DROP TRIGGER {table}_list_state_{event}')
                op.execute(f'DROP TRIGGER IF EXISTS {table}_search_{event}')
            op.execute(f'DROP TABLE IF EXISTS {table}_search')
    for table in TABLES:
        for name in _of(table, NEW_INDEXES):
            op.drop_index(f'ix_{table}_{name}', table_name=table)
        for name, columns in _of(table, OLD_INDEXES).items():
            op.create_index(f'ix_{table}_{name}', table, [*columns], unique=False)
        op.drop_column(table, 'search_text')
    op.drop_table('list_states')


def _of(table: str, indexes: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: columns for name, columns in indexes.items() if table != 'mappings' or 'status' not in columns}


def _fill(table: str) -> None:
    connection = op.get_bind()
    rows = sa.table(table, sa.column('id'), sa.column('name'), sa.column('description'), sa.column('search_text'))
    last = -1
    change = sa.update(rows).where(rows.c.id == sa.bindparam('row')).values(search_text=sa.bindparam('folded'))
    while True:
        few = sa.select(rows.c.id, rows.c.name, rows.c.description).where(rows.c.id > last).order_by(rows.c.id)
        found = connection.execute(few.limit(1000)).all()
        if not found:
            return
        connection.execute(change, [{'row': row[0], 'folded': search_text(row[1], row[2])} for row in found])
        last = found[-1][0]


def _upgrade_sqlite() -> None:
    for table in TABLES:
        change = f"UPDATE list_states SET state = hex(randomblob(16)) WHERE resource = '{table}'"
        events = {'insert': 'INSERT', 'delete': 'DELETE', 'update': f'UPDATE OF {", ".join(FILTERED[table])}'}
        for name, event in events.items():
            op.execute(f'CREATE TRIGGER {table}_list_state_{name} AFTER {event} ON {table} BEGIN {change}; END')
    try:
        op.execute("CREATE VIRTUAL TABLE temp.trigram_probe USING fts5(x, tokenize = 'trigram case_sensitive 1')")
    except sa.exc.OperationalError:
        return  # an older library without the index: rows are looked at one by one
    op.execute('DROP TABLE temp.trigram_probe')
    for table in TABLES:
        index = f'{table}_search'
        op.execute(
            f"CREATE VIRTUAL TABLE {index} USING fts5(search_text, content = '{table}', content_rowid = 'id', "
            "columnsize = 0, tokenize = 'trigram case_sensitive 1')"
        )
        op.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
        add = f'INSERT INTO {index} (rowid, search_text) VALUES (new.id, new.search_text)'
        drop = f"INSERT INTO {index} ({index}, rowid, search_text) VALUES ('delete', old.id, old.search_text)"
        for name, event, work in (
            ('insert', 'INSERT', add),
            ('delete', 'DELETE', drop),
            ('update', 'UPDATE OF search_text', f'{drop}; {add}'),
        ):
            op.execute(f'CREATE TRIGGER {index}_{name} AFTER {event} ON {table} BEGIN {work}; END')


def _upgrade_postgres() -> None:
    op.execute(
        'CREATE FUNCTION graph_olap_list_state() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
        'UPDATE list_states SET state = gen_random_uuid()::text WHERE resource = TG_TABLE_NAME; RETURN NULL; END $$'
    )
    for table in TABLES:
        op.execute(
            f'CREATE TRIGGER {table}_list_state AFTER INSERT OR DELETE OR UPDATE OF {", ".join(FILTERED[table])} '
            f'ON {table} FOR EACH STATEMENT EXECUTE FUNCTION graph_olap_list_state()'
        )
    try:
        with op.get_bind().begin_nested():
            op.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm')
            for table in TABLES:
                op.execute(f'CREATE INDEX ix_{table}_search_text ON {table} USING gin (search_text gin_trgm_ops)')
    except sa.exc.DBAPIError:
        return  # not installed, or not allowed: rows are looked at one by one
