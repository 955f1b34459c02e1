"""Decimals are summed, compared and written as text exactly, though the engines know no aggregate of them."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal, localcontext

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class

TYPES = {"m": (12, 2), "s": (4, 3), "f": (18, 18), "w": (18, 0), "l": (38, 10), "x": (20, 4)}
GROUPS = ("a", "b", "c", "nothing")


def _values() -> list[dict[str, Decimal | None]]:
    rng = random.Random(11)
    rows = []
    for number in range(60):
        row: dict[str, Decimal | None] = {}
        for name, (precision, scale) in TYPES.items():
            top = 10 ** (precision - 2)
            units = rng.choice([rng.randint(-top, top), rng.randint(-9, 9), 0])
            with localcontext(prec=40):
                row[name] = (
                    None if GROUPS[number % 4] == "nothing" or rng.random() < 0.1 else Decimal(units).scaleb(-scale)
                )
        rows.append(row)
    return rows


VALUES = _values()


@pytest.fixture(scope="module")
def money(tmp_path_factory, snapshot_files, graph_class, engine_name):
    folder = tmp_path_factory.mktemp("money")
    files = snapshot_files(folder)
    columns = {name: f"DECIMAL({precision},{scale})" for name, (precision, scale) in TYPES.items()}
    texts = [[None if value is None else f"{value:f}" for value in row.values()] for row in VALUES]
    rows = [[number, GROUPS[number % 4], *text] for number, text in enumerate(texts)]
    files.node("T", ("id", "INT64"), {"g": "STRING", **columns}, rows)
    files.node("Other", ("id", "INT64"), {"m": "DOUBLE"}, [[1, 0.5]])
    files.edge("R", ("T", "T"), columns, [[number, (number * 7) % 60, *text] for number, text in enumerate(texts)])
    engine = engine_class(engine_name).open(folder / "g.db", EngineLimits(threads=2, buffer_bytes=256 * 1024 * 1024))
    engine.load(folder, files.manifest(), lambda _progress: None)
    yield graph_class(engine)
    engine.close()


def _expected(function: str, name: str, distinct: bool) -> dict[str, object]:
    groups: dict[str, list[Decimal]] = defaultdict(list)
    for number, row in enumerate(VALUES):
        groups[GROUPS[number % 4]] += [] if row[name] is None else [row[name]]
    found: dict[str, object] = {}
    with localcontext(prec=60):
        for group, values in groups.items():
            kept = sorted(set(values)) if distinct else values
            if function == "count":
                found[group] = len(kept)
            elif not kept:
                found[group] = None
            else:
                found[group] = {"sum": sum, "min": min, "max": max}[function](kept)
    return found


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("distinct", ["", "DISTINCT "])
@pytest.mark.parametrize("function", ["sum", "min", "max", "count"])
@pytest.mark.parametrize("pattern", ["(t:T)", "(o:T)-[t:R]->()"])
def test_aggregates_of_decimals_are_exact(money, name, distinct, function, pattern):
    group = "t.g" if pattern == "(t:T)" else "o.g"
    statement = f"MATCH {pattern} RETURN {group} AS g, {function}({distinct}t.{name}) AS v"
    expected = _expected(function, name, bool(distinct))
    result = money.result(statement)
    precision, scale = TYPES[name]
    kind = {"count": "INT64", "sum": f"DECIMAL(38,{scale})"}.get(function, f"DECIMAL({precision},{scale})")
    assert result.columns[1].type == kind
    assert {group: None if value is None else Decimal(value) for group, value in result.rows()} == expected


def test_averages_are_floats(money):
    values = [row["m"] for row in VALUES if row["m"] is not None]
    assert money.value("MATCH (t:T) RETURN avg(t.m)") == pytest.approx(float(sum(values) / len(values)))


def test_decimals_and_other_types_side_by_side(money):
    values = [row["m"] for row in VALUES if row["m"] is not None]
    statement = (
        "MATCH (t:T) RETURN sum(t.id) AS i, sum(t.m) AS m, count(*) AS n, max(t.g) AS g, min(t.m) AS low, sum(t.id)"
    )
    assert money.rows(statement) == [[1770, str(sum(values)), 60, "nothing", str(min(values)), 1770]]


def test_an_aggregate_may_be_filtered_sorted_and_computed(money):
    sums = _expected("sum", "m", False)
    expected = sorted(((value, group) for group, value in sums.items() if value is not None), reverse=True)
    statement = "MATCH (t:T) WITH t.g AS g, sum(t.m) AS s WHERE s IS NOT NULL RETURN g, s ORDER BY s DESC"
    assert [(Decimal(s), g) for g, s in money.rows(statement)] == expected
    by_call = "MATCH (t:T) WHERE t.m IS NOT NULL RETURN t.g, sum(t.m) ORDER BY sum(t.m) DESC LIMIT 2"
    assert [(Decimal(s), g) for g, s in money.rows(by_call)] == expected[:2]
    through_names = "MATCH (t:T) WITH t.m AS amount, t.g AS g RETURN g, sum(amount) AS s ORDER BY g LIMIT 1"
    assert [Decimal(s) for _, s in money.rows(through_names)] == [sums["a"]]
    computed = "MATCH (t:T) RETURN sum(t.s * t.s)"
    squares = [row["s"] * row["s"] for row in VALUES if row["s"] is not None]
    assert Decimal(money.value(computed)) == sum(squares)


def test_an_aggregate_beside_one_that_is_a_condition(money):
    statement = "MATCH (t:T) WITH min(t.g = t.g) AS holds WHERE holds MATCH (t:T) RETURN max(t.m)"
    assert Decimal(money.value(statement)) == max(row["m"] for row in VALUES if row["m"] is not None)


def test_union_and_optional_match_have_them_too(money):
    total = sum(row["m"] for row in VALUES if row["m"] is not None)
    both = "MATCH (t:T) RETURN sum(t.m) AS s UNION ALL MATCH ()-[r:R]->() RETURN sum(r.m) AS s"
    assert [Decimal(row[0]) for row in money.rows(both)] == [total, total]
    statement = "MATCH (t:T {id: 1}) OPTIONAL MATCH (t)<-[r:R]-(u) WHERE u.id < 0 RETURN count(r.m), sum(r.m)"
    assert money.rows(statement) == [[0, None]]


@pytest.mark.parametrize("word", ["EXPLAIN", "PROFILE"])
def test_plans_of_aggregates_of_decimals(money, word):
    assert "AGGREGATE" in str(money.rows(f"{word} MATCH (t:T) RETURN sum(t.m)"))


def test_text_of_a_decimal_has_its_sign(money):
    expected = [[None if row["s"] is None else f"{row['s']:f}"] for row in VALUES]
    for call in ("CAST(t.s AS STRING)", "toString(t.s)", "string(t.s)"):
        assert money.rows(f"MATCH (t:T) RETURN {call} AS v ORDER BY t.id") == expected, call
    assert any(text is not None and text.startswith("-0.") for (text,) in expected)


def test_other_mistakes_keep_their_message_and_place(money):
    statement = "MATCH (t:T) RETURN sum(t.m) AS s, sum(t.g) AS g, t.nope"
    with pytest.raises(PlatformError) as caught:
        money.rows(statement)
    assert "SUM" in caught.value.message
    assert "STRING" in caught.value.message
    with pytest.raises(PlatformError) as caught:
        money.rows("MATCH (t:T) RETURN sum(t.m) AS s, t.nope")
    assert caught.value.details["position"] == 36


def test_decimals_of_a_parameter_are_aggregated(social):
    values = [Decimal("1.10"), None, Decimal("2.25")]
    statement = "UNWIND $values AS v RETURN count(v), sum(v), min(v), max(v)"
    assert social.rows(statement, {"values": values}) == [[2, "3.35", "1.10", "2.25"]]
    assert social.rows(statement, {"values": [1, 2]}) == [[2, 3, 1, 2]]
    assert social.rows(statement, {"values": values[::-1]}) == [[2, "3.35", "1.10", "2.25"]]
