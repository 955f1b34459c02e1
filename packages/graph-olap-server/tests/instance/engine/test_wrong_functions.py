"""Functions of dates and texts give what Python gives, also where the engines do not."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

TEXTS = ["", "a", "abc", "é", "éab", "aé", "😀x", "éé", "ß"]


def _rows() -> list[list[object]]:
    rng = random.Random(3)
    edges = [
        dt.date(1969, 12, 28),
        dt.date(1970, 1, 4),
        dt.date(1970, 1, 5),
        dt.date(2020, 12, 31),
        dt.date(2021, 1, 3),
    ]
    days = edges + [dt.date.fromordinal(rng.randint(dt.date(1900, 1, 1).toordinal(), 745000)) for _ in range(300)]
    rows: list[list[object]] = [
        [number, day, dt.datetime.combine(day, dt.time(number % 24, 5)), TEXTS[number % len(TEXTS)]]
        for number, day in enumerate(days)
    ]
    return [*rows, [len(rows), None, None, None]]


ROWS = _rows()


@pytest.fixture(scope="module")
def dated(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("dated")
    files = snapshot_files(folder)
    files.node("T", ("id", "INT64"), {"day": "DATE", "moment": "TIMESTAMP", "text": "STRING"}, ROWS)
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


PARTS = {
    "week": lambda day: day.isocalendar().week,
    "dow": lambda day: day.isoweekday() % 7,
    "isodow": lambda day: day.isoweekday(),
    "doy": lambda day: day.timetuple().tm_yday,
    "month": lambda day: day.month,
}


@pytest.mark.parametrize("column", ["day", "moment"])
@pytest.mark.parametrize("part", PARTS)
def test_parts_of_dates(dated, column, part):
    expected = [[None if row[1] is None else PARTS[part](row[1])] for row in ROWS]
    for function, written in (("date_part", f"'{part}'"), ("datepart", f"'{part.upper()}'"), ("date_part", "$part")):
        statement = f"MATCH (t:T) RETURN {function}({written}, t.{column}) AS v ORDER BY t.id"
        assert dated.rows(statement, {"part": part} if written == "$part" else {}) == expected, statement


def test_weeks_begin_on_monday(dated):
    days = [[None if row[1] is None else _monday(row[1])] for row in ROWS]
    found = dated.arrow("MATCH (t:T) RETURN date_trunc('week', t.day) AS v ORDER BY t.id")["v"].to_pylist()
    assert [[value] for value in found] == days
    found = dated.arrow("MATCH (t:T) RETURN date_trunc('WEEK', t.moment) AS v ORDER BY t.id")["v"].to_pylist()
    assert [[value and value.date()] for value in found] == days
    assert {value.time() for value in found if value} == {dt.time(0)}
    counted = (
        "MATCH (t:T) WHERE t.day IS NOT NULL RETURN date_trunc('week', t.day) AS w, count(*) AS k ORDER BY w LIMIT 1"
    )
    assert dated.rows(counted)[0][1] == sum(week == min(d for (d,) in days if d) for (week,) in days)


def test_a_substring_beyond_the_end_is_empty(dated):
    for start in (1, 2, 3, 4):
        for length in (1, 2):
            expected = [[None if row[3] is None else str(row[3])[start - 1 : start - 1 + length]] for row in ROWS]
            for function in ("substring", "substr"):
                statement = f"MATCH (t:T) RETURN {function}(t.text, {start}, {length}) AS v ORDER BY t.id"
                assert dated.rows(statement) == expected, statement


@pytest.mark.parametrize("slice_", ["1:1", "2:3", "2:", ":2", "3:2", "0:2", ":", "2:100"])
def test_a_slice_of_a_text_is_right_beyond_the_end_and_behind_joins(dated, social, slice_):
    first, last = (int(bound) if bound else None for bound in slice_.split(":"))
    part = slice(max((first or 1) - 1, 0), last)
    expected = [[None if row[3] is None else str(row[3])[part]] for row in ROWS]
    assert dated.rows(f"MATCH (t:T) RETURN t.text[{slice_}] AS v ORDER BY t.id") == expected
    names = {1: "Ann", 2: "Böb", 3: None, 4: "Dž"}
    joined = f"MATCH (a:Person)-[:KNOWS]->(b:Person) RETURN a.id, a.name[{slice_}], b.id, b.`name`[{slice_}]"
    for a, of_a, b, of_b in social.rows(joined):
        assert of_a == (names[a] and names[a][part])
        assert of_b == (names[b] and names[b][part])


def test_slices_of_other_values_are_left_to_the_engine(social):
    statement = "MATCH (n:Person {id: 1}) RETURN [n.name, 'x'][1:1], n.name[1], n.name[-2:-1], {name: [1, 2]}.name[2:2]"
    assert social.rows(statement)[0][:2] == [["Ann"], "A"]
    assert social.rows(statement)[0][3] == [2]


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(
    ("written", "text"),
    [
        *((r"\n", "\n"), (r"a\tb", "a\tb"), (r"\r\b\f", "\r\b\f"), (r"C:\\new", "C:\\new"), (r"\\\n", "\\\n")),
        *((r"\u00e9", "é"), (r"\U0001F600", "😀"), (r"\x41", "A"), (r"\x27 \x22 \u005c", "' \" \\"), (r"\'\"", "'\"")),
        (r"\u0027 AS x; MATCH (n) RETURN n //", "' AS x; MATCH (n) RETURN n //"),
    ],
)
def test_escapes_in_texts_are_characters(social, quote, written, text):
    literal = f"{quote}{written}{quote}"
    assert social.rows(f"RETURN {literal} AS t, size({literal}) AS k") == [[text, len(text)]]
    assert social.value(f"MATCH (n:Person {{id: 1}}) WHERE $t = {literal} RETURN count(*)", {"t": text}) == 1
    assert social.value(f"RETURN [x IN [{literal}] WHERE x = $t | x + {literal}]", {"t": text}) == [text + text]
    assert social.result(f"RETURN {literal}").columns[0].name == literal


@pytest.mark.parametrize("escape", [r"\u0000", r"\x00", r"\ud800", r"\U00110000"])
def test_an_escape_of_no_character_is_refused(social, escape):
    with pytest.raises(PlatformError, match="stands for no character") as caught:
        social.rows(f"RETURN 1, 'a{escape}'")
    assert (caught.value.details["kind"], caught.value.details["position"]) == ("syntax", 12)


def test_calls_inside_of_calls(dated):
    statement = "MATCH (t:T) RETURN substring(substring(t.text, 2, 2), 2, 1) AS v ORDER BY t.id"
    assert dated.rows(statement) == [[None if row[3] is None else str(row[3])[1:3][1:2]] for row in ROWS]
    statement = "MATCH (t:T) RETURN date_part('week', date_trunc('week', t.moment)) AS v ORDER BY t.id"
    assert dated.rows(statement) == [[None if row[1] is None else row[1].isocalendar().week] for row in ROWS]


@pytest.mark.parametrize("keys", ["[null]", "[t.day]", "[1, null]", "collect(t.id)"])
def test_maps_of_computed_keys_are_refused(dated, keys):
    with pytest.raises(PlatformError, match="constant keys") as caught:
        dated.rows(f"MATCH (t:T) RETURN map({keys}, [1])")
    assert caught.value.details["kind"] == "statement_not_allowed"
    assert dated.arrow("RETURN map(['a', 'b'], [1, 2]) AS m")["m"].to_pylist() == [[("a", 1), ("b", 2)]]


def test_a_sum_of_texts_is_null_where_one_is(social):
    rows = social.rows(
        "MATCH (n:Person) RETURN n.id, n.name + '!', 'Dr ' + n.name + '.', n.name + $mark, "
        "upper(n.name + 'x') + n.name, {t: n.name + '!'}.t, [n.name + '!'][1] ORDER BY n.id",
        {"mark": "?"},
    )
    for number, name in ((1, "Ann"), (2, "Böb"), (3, None), (4, "Dž")):
        texts = [f"{name}!", f"Dr {name}.", f"{name}?", f"{str(name).upper()}X{name}", f"{name}!", f"{name}!"]
        assert rows[number - 1] == [number, *(texts if name else [None] * 6)]
    assert social.rows("MATCH (n:Person) WHERE n.name + 'x' = 'x' RETURN n") == []
    passed = "MATCH (n:Person) WITH n.id AS i, n.name AS t RETURN t + '!' ORDER BY i"
    assert social.rows(passed) == [["Ann!"], ["Böb!"], [None], ["Dž!"]]
    assert social.rows("UNWIND ['a', null] AS t RETURN t + 'b'") == [["ab"], [None]]
    grouped = "MATCH (n:Person) RETURN n.name + '!' AS t, count(*) ORDER BY t"
    assert social.rows(grouped) == [["Ann!", 1], ["Böb!", 1], ["Dž!", 1], [None, 1]]


def test_sums_of_numbers_beside_texts_stay_as_they_are(social):
    rows = social.rows(
        "MATCH (n:Person) RETURN 2 * size(n.name) + 1, size(n.name) + 2 * 3, 9 - size(n.name) + 1, "
        "n.id + size(n.name), -size(n.name) + 1 ORDER BY n.id"
    )
    sizes = [3, 3, None, 2]
    assert rows == [[2 * s + 1, s + 6, 10 - s, i + s, 1 - s] if s else [None] * 5 for i, s in enumerate(sizes, start=1)]


def test_functions_of_three_arguments_are_null_for_their_own_row_only(files, load):
    texts = ["a", None, "é", "日本語x", ""]
    files.node(
        "N", ("id", "INT64"), {"s": "STRING", "x": "INT64"}, [[i, s, 5 if s else None] for i, s in enumerate(texts)]
    )
    files.node("M", ("id", "INT64"), {}, [[i] for i in range(len(texts))])
    files.edge("S", ("N", "M"), {}, [[i, i] for i in range(len(texts))])
    graph = load(files)
    columns = (
        "q.id, substring(q.s, 1, 1), substring(q.s, 2, 9), lpad(q.s, 4, '-'), rpad(q.s, 4, '-'), "
        "regexp_replace(q.s, 'a', 'b'), split_part(q.s, 'a', 1), substring('abcdefgh', q.x, 2), make_date(2020, 1, q.x)"
    )
    wanted = {
        number: [
            text[:1],
            text[1:],
            text.rjust(4, "-"),
            text.ljust(4, "-"),
            text.replace("a", "b"),
            text.split("a")[0],
            "ef" if text else None,
            "2020-01-05" if text else None,
        ]
        if text is not None
        else [None] * 8
        for number, text in enumerate(texts)
    }
    # In this plan the rows come one by one, and the engine kept a null for all that followed.
    for pattern in ("MATCH (n:N) OPTIONAL MATCH (n)-[:S]->(m)-[]-(q:N)", "MATCH (q:N)", "MATCH (q:N) WHERE q.id >= 0"):
        found = {number: values for number, *values in graph.rows(f"{pattern} RETURN {columns}")}
        assert {n: v[:6] for n, v in found.items()} == {n: v[:6] for n, v in wanted.items()}, pattern
        filled = [number for number, text in enumerate(texts) if text]
        assert [found[number][6:] for number in filled] == [wanted[number][6:] for number in filled], pattern


def test_a_sum_of_texts_sorts_by_the_name_of_a_column(social):
    for clause in ("RETURN n.name AS c ORDER BY c + c DESC", "WITH n.name AS c ORDER BY c + c DESC LIMIT 9 RETURN c"):
        assert social.rows(f"MATCH (n:Person) {clause}") == [[None], ["Dž"], ["Böb"], ["Ann"]], clause
    filtered = "MATCH (n:Person) WITH n.name AS c WHERE (c + c) IS NULL RETURN count(*)"
    assert social.value(filtered) == 1


def test_elements_by_lists_of_ids(social):
    ids = dict(social.rows("MATCH (n:Person) RETURN n.id, id(n)"))
    wanted = [[1], [3]]
    for condition in ("id(n) IN $ids", f"id(n) IN [{ids[1]}, {ids[3]}]", f"id(n) IN [{ids[1]}, $one]"):
        statement = f"MATCH (n:Person) WHERE {condition} RETURN n.id ORDER BY n.id"
        parameters = {"ids": [ids[1], ids[3]], "one": ids[3]}
        assert social.rows(statement, parameters) == wanted, condition
    negated = "MATCH (n:Person) WHERE NOT id(n) IN $ids RETURN n.id ORDER BY n.id"
    assert social.rows(negated, {"ids": [ids[1], ids[3]]}) == [[2], [4]]
    rels = [row[0] for row in social.rows("MATCH ()-[r:KNOWS]->() WHERE r.since > 1 RETURN id(r)")]
    found = social.rows("MATCH ()-[r]->() WHERE id(r) IN $ids RETURN r.since ORDER BY r.since", {"ids": rels})
    assert found == [[2], [3]]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("nodes(p)[1].id", [1]),
        ("nodes(p)[2].name", ["Böb"]),
        ("(nodes(p)[1]).id", [1]),
        ("rels(p)[1].since + 1", [2]),
        ("collect(a)[1].name, collect(a)[1].id + 1", ["Ann", 2]),
        ("[a.name][1] CONTAINS 'n'", [True]),
        ("[a.name][1] STARTS WITH 'A' AND NOT [a.name][1] ENDS WITH 'A'", [True]),
        ("[a.name][1] =~ 'A.*'", [True]),
        ("[a.name][1] IS NULL, [a.name][2:] IS NOT NULL", [False, True]),
        ("[{k: [{v: a.id}]}][1].k[1].v", [1]),
        ("$rows[1].k", ["x"]),
    ],
)
def test_an_element_may_be_gone_on_with(social, expression, wanted):
    pattern = "MATCH p = (a:Person {id: 1})-[r:KNOWS {since: 1}]->(:Person)"
    assert social.rows(f"{pattern} RETURN {expression}", {"rows": [{"k": "x"}]}) == [wanted]
