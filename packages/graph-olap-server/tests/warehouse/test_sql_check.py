"""The static SQL check: what is refused, what is not, and that the answer is safe to build on."""

import duckdb
import pytest
from graph_olap_server.warehouse.sql_check import SqlProblem, check_select
from hypothesis import given, settings
from hypothesis import strategies as st

CONNECTION = duckdb.connect()
NAMES = st.sampled_from(["copy", "drop", "select", "a b", "into", "attach", "x;y", "--", "/*", "id", "Ünï", "read_csv"])
TEXTS = st.sampled_from(
    [
        "DROP TABLE t",
        "; DELETE FROM t",
        "-- x",
        "/* x",
        "it's",
        "read_csv('x')",
        "s3://a/b.parquet",
        "COPY t TO 'x'",
        "",
    ]
)
COMMENTS = st.sampled_from(["", " ", "\n", "-- ; DROP TABLE t\n", "/* ; COPY t TO 'x' */", "/* a\n-- b */"])
STATEMENTS = [
    "DROP TABLE t",
    "DELETE FROM t",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET id = 1",
    "CREATE TABLE u AS SELECT 1 AS id",
    "CREATE MACRO m() AS 1",
    "ALTER TABLE t ADD COLUMN x INT",
    "TRUNCATE t",
    "COPY t TO 'x.csv'",
    "COPY (SELECT 1) TO 'x.csv'",
    "EXPORT DATABASE 'x'",
    "IMPORT DATABASE 'x'",
    "ATTACH 'x.db'",
    "DETACH x",
    "PRAGMA database_list",
    "SET threads = 1",
    "RESET threads",
    "USE main",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL range(3)",
    "EXPLAIN SELECT 1",
    "DESCRIBE t",
    "SUMMARIZE t",
    "SHOW TABLES",
    "BEGIN",
    "COMMIT",
    "VACUUM",
    "CHECKPOINT",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "MERGE INTO t USING s ON a = b WHEN MATCHED THEN DELETE",
    "GRANT SELECT ON t TO x",
]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM t",
        "WITH a AS (SELECT 1 AS id), b AS (SELECT * FROM a) SELECT id FROM b",
        "WITH RECURSIVE r AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM r WHERE id < 3) SELECT id FROM r",
        "VALUES (1, 2)",
        "TABLE t",
        "FROM t",
        "FROM t SELECT id",
        "(SELECT id FROM t)",
        "SELECT id FROM t UNION ALL SELECT x FROM u EXCEPT SELECT 3",
        "SELECT x AS a UNION BY NAME SELECT 1 AS id",
        "SELECT * FROM t",
        "SELECT t.* FROM t",
        "SELECT * EXCLUDE (x) FROM t",
        "SELECT COLUMNS('i.*') FROM t",
        "SELECT unnest(s, recursive := true) FROM t",
        "SELECT ID, count(*) FROM t GROUP BY ALL",
        "SELECT x AS \"Id\" FROM t QUALIFY row_number() OVER (PARTITION BY x ORDER BY y) = 1",
        "SELECT s.id FROM t",
        "SELECT id FROM range(3) r(id)",
        "SELECT id FROM main.\"files.csv\"",
        "SELECT id FROM (PIVOT t ON a USING sum(b))",
        "SELECT id FROM t WHERE url = 's3://bucket/x.parquet'",
        "SELECT current_date, id FROM t",
    ],
)  # fmt: skip
def test_queries_pass_unchanged(sql):
    assert check_select(sql, "duckdb", ["id"] if "VALUES" not in sql else []) == sql


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize(
    "frame", ["{}", "{};", "-- c\n{}", "SELECT 1 AS id; {}", "{}; SELECT 1 AS id", "WITH a AS ({}) SELECT 1 AS id"]
)
def test_other_statements_are_refused_in_every_place(statement, frame):
    with pytest.raises(SqlProblem):
        check_select(frame.format(statement), "duckdb", ["id"])


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "empty"),
        ("-- nothing", "empty"),
        (";;", "empty"),
        ("SELECT 'abc", "not closed"),
        ("SELECT 1 /* abc", "not closed"),
        ("SELECT id FROM t WHERE (", "cannot be read"),
        ("SELECT id INTO u FROM t", "SELECT ... INTO"),
        ("SELECT id FROM t FOR UPDATE", "FOR UPDATE"),
        ("FROM (SHOW DATABASES)", "contains SHOW"),
        ("SELECT id FROM (SHOW t)", "contains SHOW"),
        ("SELECT ? AS id", "parameter"),
        ("SELECT $1 AS id", "parameter"),
        ("SELECT * FROM 'x.csv'", "the file 'x.csv'"),
        ('SELECT * FROM "x.parquet"', "the file 'x.parquet'"),
        ("SELECT * FROM 'https://host/x'", "the file 'https://host/x'"),
        ("SELECT * FROM t JOIN '/etc/passwd' ON true", "the file '/etc/passwd'"),
        ("SELECT * FROM read_csv('x')", "calls read_csv"),
        ("SELECT * FROM READ_PARQUET(['x'])", "calls read_parquet"),
        ("SELECT * FROM read_text('x')", "calls read_text"),
        ("SELECT (SELECT count(*) FROM glob('*')) AS id", "calls glob"),
        ("SELECT * FROM query('DROP TABLE t')", "calls query"),
        ("SELECT * FROM postgres_query('a', 'b')", "calls postgres_query"),
        ("SELECT * FROM parquet_scan('x')", "calls"),
        ("(" * 4000 + "SELECT 1" + ")" * 4000, "nested too deeply"),
        ("SELECT name, idd FROM t", r"Column id is not in the select list \(name, idd\). Did you mean idd\?"),
        ("SELECT count(*) FROM t", "no named columns"),
        ("WITH a AS (SELECT id FROM t) SELECT x FROM a", r"select list \(x\)"),
        ("(SELECT x FROM t)", r"select list \(x\)"),
        ("SELECT x FROM t UNION SELECT id FROM u", r"select list \(x\)"),
    ],
)
def test_refusals_say_why(sql, message):
    with pytest.raises(SqlProblem, match=message) as caught:
        check_select(sql, "duckdb", ["id"])
    assert "\n" not in caught.value.message


ROW_FUNCTIONS = ["generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"]
BUILT_IN_TABLE_FUNCTIONS = [
    name
    for (name,) in CONNECTION.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type IN ('table', 'table_macro') AND database_name = 'system' ORDER BY 1"
    ).fetchall()
    if name not in ROW_FUNCTIONS
]
BUILT_IN_VIEWS = [
    name
    for (name,) in CONNECTION.execute(
        "SELECT CASE schema_name WHEN 'main' THEN '' ELSE schema_name || '.' END || view_name FROM duckdb_views() "
        "WHERE internal AND (schema_name <> 'information_schema' OR view_name = 'views') ORDER BY 1"
    ).fetchall()
]


@pytest.mark.parametrize(
    "place", ["SELECT * FROM {}", "SELECT 1 AS id WHERE EXISTS (FROM {})", "FROM t, system.main.{}"]
)
@pytest.mark.parametrize("function", BUILT_IN_TABLE_FUNCTIONS)
def test_table_functions_are_refused_unless_they_make_rows_of_values(function, place):
    with pytest.raises(SqlProblem, match="does not read tables of the warehouse"):
        check_select(place.format(f"{function}('x')"), "duckdb", [])


@pytest.mark.parametrize("function", ROW_FUNCTIONS)
def test_functions_that_make_rows_of_values_pass(function):
    sql = f"SELECT a.id FROM {function}([1], 2) AS a(id)"
    assert check_select(sql, "duckdb", ["id"]) == sql


@pytest.mark.parametrize("view", BUILT_IN_VIEWS)
@pytest.mark.parametrize("place", ["FROM {}", "TABLE {}", "WITH a AS (SELECT * FROM {}) FROM a"])
def test_views_of_the_system_are_refused(view, place):
    with pytest.raises(SqlProblem, match=r"of the database system"):
        check_select(place.format(view), "duckdb", [])


@pytest.mark.parametrize(
    "sql",
    [
        'FROM "/data/hidden".csv',
        'FROM "../hidden"."csv"',
        'FROM main."https://host/x"',
        "SELECT path FROM system.main.duckdb_databases",
        "SELECT path FROM main.duckdb_databases",
        "SELECT path FROM Duckdb_Databases()",
        "SELECT view_definition FROM bank.information_schema.views",
        "FROM temp.x",
        "SELECT current_setting('temp_directory') AS id",
        "SELECT ('temp_directory').current_setting() AS id",
        "SELECT coalesce(NULL, \"CURRENT_SETTING\"('temp_directory')) AS id",
        "SELECT nextval('s') AS id",
        "SELECT 'HOME'.getenv() AS id",
        "SELECT json_serialize_plan('SELECT 1') AS id",
    ],
)
def test_ways_around_the_warehouse_are_refused(sql):
    with pytest.raises(SqlProblem, match=r"reads the file|of the database system|does not read tables"):
        check_select(sql, "duckdb", [])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT table_name AS id FROM information_schema.tables",
        "SELECT id FROM my_macro(3)",
        "SELECT id FROM core.csv",
        'SELECT id FROM "show"',
    ],
)
def test_what_belongs_to_the_warehouse_passes(sql):
    assert check_select(sql, "duckdb", ["id"]) == sql


def test_position_points_into_the_text_as_given():
    sql = "-- note\nSELECT 1 AS id; DROP TABLE t"
    with pytest.raises(SqlProblem) as caught:
        check_select(sql, "duckdb", ["id"])
    assert sql[caught.value.position] == ";"
    sql = "/* c */ SELECT * FROM 'x.csv'"
    with pytest.raises(SqlProblem) as caught:
        check_select(sql, "duckdb", [])
    assert sql[caught.value.position :] == "'x.csv'"


@settings(deadline=None, max_examples=150)
@given(NAMES, TEXTS, COMMENTS, COMMENTS, st.sampled_from(["", ";", " ; ;", ";-- x", "-- x"]))
def test_harmless_queries_pass_and_can_be_wrapped(name, text, before, after, end):
    core = f"SELECT {quoted(name)} AS {quoted(name)}, {literal(text)} AS v {before} FROM t"
    sql = f"{before}{core}{after}{end}"
    query = check_select(sql, "duckdb", [name, "V"])
    assert query == core
    CONNECTION.execute(f"CREATE OR REPLACE TABLE t ({quoted(name)} INT)")
    [wrapped] = CONNECTION.extract_statements(f"SELECT * FROM (\n{query}\n) AS q")
    assert wrapped.type == duckdb.StatementType.SELECT
    assert CONNECTION.execute(wrapped).fetchall() == []


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(STATEMENTS),
    COMMENTS,
    NAMES,
    TEXTS,
    st.sampled_from(["{q}; {s}", "{s}; {q}", "{q}\n;\n{s};", "WITH w AS ({s}) {q}", "{c}{s}"]),
)
def test_hostile_statements_never_pass(statement, comment, name, text, frame):
    query = f"SELECT {literal(text)} AS {quoted(name)}"
    with pytest.raises(SqlProblem):
        check_select(frame.format(q=query, s=statement, c=comment), "duckdb", [])


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="SELECT FROMidt*'\";-/()$\n,1aé", max_size=40))
def test_any_text_is_a_problem_or_one_statement(text):
    try:
        query = check_select(text, "duckdb", [])
    except SqlProblem:
        return
    assert query in text
    assert query == query.strip()
