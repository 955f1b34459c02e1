from __future__ import annotations

import contextlib

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.guard import READ_ONLY_PROCEDURES, check_statement
from graph_olap_server.instance.tokens import TokenError, result_names, strip_comments, tokenise
from hypothesis import given, settings
from hypothesis import strategies as st

HARMLESS = r"""
MATCH (n:Set {created: $day}) RETURN n.delete AS load;
MATCH (n) RETURN n.created_at, n.set, offset(id(n)) AS offset
MATCH (n:Create)-[r:DELETE|MERGE*1..3]->(m:Drop) WHERE n.copy STARTS WITH m.load RETURN {load: 1, set: n.set}
MATCH (n) WHERE n.x IS NOT NULL AND NOT n.drop RETURN DISTINCT n.`load` AS `set` ORDER BY n.set DESC SKIP 1 LIMIT 2
WITH 1 AS load RETURN load
RETURN '; DROP TABLE N' AS x, "CREATE (n)" AS y
UNWIND [1,2] AS set RETURN set + 1, -set, [x IN [1] WHERE x > 1 | x]
MATCH (a) WHERE EXISTS { MATCH (a)-[:SET]->(b:Load) } RETURN COUNT { MATCH (a)-[]->() } AS merge
CALL show_tables() RETURN *
CALL table_info('N') YIELD name AS set RETURN set
EXPLAIN MATCH (n) RETURN n
PROFILE MATCH (n) RETURN n
RETURN 1 UNION ALL RETURN 2 UNION RETURN 3
MATCH (a)-[e:E* SHORTEST 1..5 (r, n | WHERE r.set > 1)]->(b) RETURN e
RETURN CASE WHEN 1=1 THEN 'create' ELSE "set" END AS copy
MATCH (n) /* CREATE (m) */ RETURN n // SET n.x = 1
MATCH (n) RETURN count(*), n.*
MATCH p = (a)-->(b) WITH p, length(p) AS commit RETURN commit
MATCH (set:N) RETURN set.x, 5! AS f
MATCH (n) WHERE n:Delete RETURN [n.set, n.load], n.delete[0..1]
"""

HOSTILE = r"""
write_not_allowed|CREATE (n)
write_not_allowed|MATCH (n) SET n.x = 1
write_not_allowed|MATCH (n) DETACH DELETE n
write_not_allowed|RETURN 1 UNION ALL CREATE (n) RETURN 1
write_not_allowed|COPY N FROM 'x.csv'
write_not_allowed|MATCH (n) WHERE n.x IS NULL SET n.y = 1
write_not_allowed|MATCH (n) RETURN n ORDER BY n.x DESC CREATE (m)
write_not_allowed|MATCH (n) WITH n AS x /**/ CREATE (m)
write_not_allowed|EXPLAIN CREATE (n)
write_not_allowed|PROFILE CREATE (n)
write_not_allowed|RETURN CASE WHEN 1=1 THEN 1 END CREATE (n)
write_not_allowed|RETURN 5! SET n.x
write_not_allowed|MATCH (n) RETURN * MERGE (m)
write_not_allowed|MATCH (a)-->() DELETE a
write_not_allowed|CREATE MACRO f(x) AS x
write_not_allowed|COMMENT ON TABLE N IS 'x'
write_not_allowed|DROP TABLE N
write_not_allowed|ALTER TABLE N ADD x INT64
write_not_allowed|IMPORT DATABASE 'x'
statement_not_allowed|RETURN 1; RETURN 2
statement_not_allowed|RETURN 1;;CREATE (n)
statement_not_allowed|LOAD FROM '/etc/passwd' RETURN *
statement_not_allowed|MATCH (n) LOAD FROM '/etc/passwd' RETURN *
statement_not_allowed|WITH * LOAD /* x */ FROM 'x' RETURN *
statement_not_allowed|RETURN 1 UNION LOAD FROM 'x' RETURN *
statement_not_allowed|MATCH (n) WHERE EXISTS { LOAD FROM 'x' RETURN 1 } RETURN n
statement_not_allowed|COPY (MATCH (n) RETURN n) TO 'x.csv'
statement_not_allowed|COPY (LOAD FROM '/etc/passwd' RETURN *) TO 'x.csv'
statement_not_allowed|CALL threads=1
statement_not_allowed|CALL read_parquet('x') RETURN *
statement_not_allowed|MATCH (n) CALL `read_csv_serial`('x') RETURN *
statement_not_allowed|CALL project_graph('G', ['N'], ['E'])
statement_not_allowed|EXPORT DATABASE 'x'
statement_not_allowed|BEGIN TRANSACTION
statement_not_allowed|COMMIT
statement_not_allowed|CHECKPOINT
statement_not_allowed|INSTALL json
statement_not_allowed|LOAD EXTENSION json
statement_not_allowed|ATTACH 'x' AS y
statement_not_allowed|DETACH db
statement_not_allowed|USE db
statement_not_allowed|RETURN nextval('s')
syntax|MATC (n) RETURN n
syntax|;
syntax|RETURN 'x
syntax|RETURN "\q"
syntax|RETURN `x
syntax|RETURN /* x
syntax|PROFILE EXPLAIN RETURN 1
"""


@pytest.mark.parametrize("statement", HARMLESS.strip().splitlines())
def test_harmless_statements_pass(statement):
    assert check_statement(statement).text


@pytest.mark.parametrize("line", HOSTILE.strip().splitlines())
def test_hostile_statements_are_refused_with_their_kind(line):
    kind, _, statement = line.partition("|")
    with pytest.raises(PlatformError) as caught:
        check_statement(statement)
    assert caught.value.code == "RYUGRAPH_ERROR"
    assert caught.value.details["kind"] == kind
    assert caught.value.details["position"] is not None


def test_an_empty_text_says_what_to_write():
    with pytest.raises(PlatformError, match="The query is empty"):
        check_statement("  // nothing\n")


def test_the_result_carries_text_parameters_and_kind():
    guarded = check_statement("EXPLAIN MATCH (n) /* $no */ WHERE n.x = $x AND n.y = '$z' RETURN n ; ")
    assert guarded.kind == "explain"
    assert guarded.parameters == {"x"}
    assert guarded.text == "EXPLAIN MATCH (n)           WHERE n.x = $x AND n.y = '$z' RETURN n"


def test_the_position_is_that_of_the_refused_word():
    statement = "MATCH (n)\n  SET n.x = 1"
    with pytest.raises(PlatformError) as caught:
        check_statement(statement)
    assert statement[caught.value.details["position"] :].startswith("SET")


def test_a_comment_that_ends_in_a_bare_carriage_return_is_refused():
    with pytest.raises(PlatformError, match="carriage return"):
        check_statement("RETURN 1 // \r; CREATE (n)")


def test_only_ascii_letters_fold_to_keywords():
    assert check_statement("WITH 1 AS x RETURN x AS ſet").kind == "read"


WORDS = st.sampled_from(
    [
        *("create", "merge", "set", "delete", "detach", "remove", "drop", "alter", "copy", "load", "export", "attach"),
        *("use", "install", "call", "begin", "commit", "checkpoint", "import", "match", "return", "where", "with"),
        *("Created_at", "offset", "n", "ü", "x1"),
    ]
)
CASED = st.builds(lambda word, upper: word.upper() if upper else word, WORDS, st.booleans())
SPACE = st.sampled_from([" ", "\n", "\t", " /* SET n.x = 1 */ ", " // CREATE (n)\n", " /* ; */ "])
TEXTS = st.builds(lambda word, tail: f"'{word} {tail}'", CASED, st.sampled_from([";", "\\'", '"', "\\\\", "--", ""]))
NAMES = st.one_of(CASED, st.builds("`{}`".format, CASED))
VALUES = st.one_of(
    st.builds("n.{}".format, NAMES),
    TEXTS,
    st.builds("{{{}: 1}}".format, NAMES),
    st.builds("${}".format, CASED),
    st.sampled_from(["1", "1.5", "[1, 2]", "count(*)", "offset(id(n))", "NULL"]),
)


@st.composite
def harmless(draw):
    space = draw(SPACE)
    pattern = f"(n:{draw(NAMES)}{draw(st.sampled_from(['', ' {x: 1}']))})"
    if draw(st.booleans()):
        pattern += f"-[r:{draw(NAMES)}]->(m)"
    parts = [f"MATCH {pattern}"]
    if draw(st.booleans()):
        parts.append(f"WHERE {draw(VALUES)} = {draw(VALUES)}")
    if draw(st.booleans()):
        parts.append(f"WITH n, {draw(VALUES)} AS {draw(NAMES)}")
    parts.append(f"RETURN {draw(VALUES)} AS {draw(NAMES)}, {draw(VALUES)}")
    if draw(st.booleans()):
        parts.append(f"ORDER BY n.{draw(NAMES)} DESC LIMIT 3")
    return space.join(parts)


EFFECTS = st.sampled_from(
    [
        "CREATE (z:N {id: 99})",
        "MERGE (z:N {id: 99})",
        "SET n.id = 5",
        "DELETE n",
        "DETACH DELETE n",
        "LOAD FROM '/etc/passwd' RETURN *",
        "CALL threads=1",
        "CALL read_csv_serial('/etc/passwd') RETURN *",
        "REMOVE n.x",
    ]
)
STATEMENTS = st.sampled_from(
    [
        "DROP TABLE N",
        "ALTER TABLE N ADD y INT64",
        "COPY (MATCH (n) RETURN n.id) TO 'out.csv'",
        "EXPORT DATABASE 'out'",
        "ATTACH 'out.db' AS o",
        "INSTALL json",
        "CHECKPOINT",
        "COMMIT",
        "CREATE MACRO f(x) AS x",
        "CREATE NODE TABLE Z(id INT64, PRIMARY KEY(id))",
    ]
)


@st.composite
def hostile(draw):
    space = draw(SPACE)
    effect = draw(EFFECTS)
    swap = draw(st.booleans())
    effect = effect if swap else effect.replace("CREATE", "cReAtE").replace("LOAD", "loAd").replace("SET", "Set")
    statement = draw(STATEMENTS)
    match draw(st.integers(0, 6)):
        case 0:
            return f"MATCH (n:N){space}{effect}"
        case 1:
            return f"MATCH (n:N) WHERE n.id = {draw(VALUES)}{space}{effect}"
        case 2:
            return f"MATCH (n:N) WITH n, {draw(VALUES)} AS {draw(NAMES)}{space}{effect}"
        case 3:
            return f"{draw(harmless())};{space}{statement}"
        case 4:
            return statement
        case 5:
            return f"{draw(st.sampled_from(['EXPLAIN', 'PROFILE']))}{space}{statement}"
        case _:
            return f"RETURN {draw(VALUES)} AS x UNION{draw(st.sampled_from(['', ' ALL']))}{space}{effect}"


@settings(deadline=None, max_examples=1_000)
@given(harmless())
def test_no_harmless_statement_is_refused(statement):
    check_statement(statement)


@settings(deadline=None, max_examples=1_000)
@given(hostile())
def test_no_hostile_statement_passes(statement):
    with pytest.raises(PlatformError) as caught:
        check_statement(statement)
    assert caught.value.details["kind"] in ("write_not_allowed", "statement_not_allowed", "syntax")


@settings(deadline=None, max_examples=500)
@given(st.text("MATCHn()[]{}'\"`\\/*;$\r\n .:|SETx1", max_size=40))
def test_tokens_cover_any_text(text):
    with contextlib.suppress(TokenError):
        tokens = tokenise(text)
        assert [text[token.start : token.end] for token in tokens] == [token.text for token in tokens]
        stripped = strip_comments(text)
        assert len(stripped) == len(text)
        assert [token.text for token in tokenise(stripped)] == [token.text for token in tokens]


@settings(deadline=None, max_examples=500)
@given(st.text("MATCHn()[]{}'\"`\\/*;$\r\n .:|SETx1", max_size=40))
def test_any_text_is_judged_without_a_crash(text):
    with contextlib.suppress(PlatformError):
        check_statement(text)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("MATCH (n) RETURN n.name, count( * ) AS total ORDER BY total", ["n.name", "total"]),
        ("RETURN DISTINCT f(1, 2), [1, 2] AS `a b`;", ["f(1, 2)", "a b"]),
        ("MATCH (n) RETURN *", None),
        ("MATCH (n) RETURN n.*", None),
        ("MATCH (n) RETURN n.order, n.limit AS skip LIMIT 1", ["n.order", "skip"]),
        ("RETURN 1 AS a UNION RETURN 2 AS a", ["a"]),
        ("CALL show_tables() YIELD name", None),
    ],
)
def test_result_names_are_those_of_the_query(statement, names):
    assert result_names(tokenise(statement), statement) == names


def test_allowed_procedures_only_list_or_search():
    assert all(name.startswith(("SHOW_", "TABLE_", "DB_", "CATALOG_", "QUERY_")) for name in READ_ONLY_PROCEDURES)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CALL db.labels()", r"procedure db\.labels may not be called\. Use one of .*show_tables"),
        ("CALL apoc.load.json('x') YIELD value", r"procedure apoc\.load may not be called"),
        ("CALL show_tables RETURN *", r"needs brackets: CALL show_tables\(\.\.\.\)"),
        ("CALL threads = 4", r"CALL threads changes a setting"),
    ],
)
def test_a_call_that_is_refused_says_what_may_be_called(statement, words):
    with pytest.raises(PlatformError, match=words) as caught:
        check_statement(statement)
    assert caught.value.details["kind"] == "statement_not_allowed"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("RETURN " + "(" * 61 + "1" + ")" * 61, "Brackets nest 60 deep"),
        ("RETURN " + "[" * 45_000 + "]" * 45_000, "Brackets nest 60 deep"),
        ("RETURN " + "CASE WHEN true THEN " * 13 + "1" + " END" * 13, "CASE nests 12 deep"),
        (
            "MATCH (n) WHERE " + "EXISTS { MATCH (n)-->(m) WHERE " * 7 + "true" + "}" * 7 + " RETURN n",
            "in several steps",
        ),
        ("RETURN " + "- " * 40_000 + "1", "100 times in a row"),
        ("RETURN " + "not " * 200 + "true", "100 times in a row"),
    ],
)
def test_what_nests_too_deeply_is_refused_at_once(statement, words):
    with pytest.raises(PlatformError, match=words) as caught:
        check_statement(statement)
    assert caught.value.details["kind"] == "statement_not_allowed"


def test_ordinary_nesting_is_not_refused():
    check_statement("RETURN " + "(" * 59 + "1" + ")" * 59)
    check_statement("RETURN " + ", ".join(f"CASE WHEN {n} > 1 THEN {n} END AS c{n}" for n in range(50)))
    check_statement("MATCH (n) WHERE " + " OR ".join(f"NOT n.x = -{n}" for n in range(2_000)) + " RETURN n.end, n.case")
