"""Statements that would cost the engine's planner minutes, gigabytes or its stack are refused before it sees them."""

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.guard import check_statement


def chain(hops, first="a"):
    return f"({first}0)" + "".join(f"-[:KNOWS]->({first}{hop + 1})" for hop in range(hops))


def repeated(text, times, by=", "):
    return by.join(text.format(number=number) for number in range(times))


REFUSED = {
    "patterns": ("MATCH " + repeated("(a{number})", 101) + " RETURN 1", "at most 100 patterns", "(a100)"),
    "thousands of patterns": ("MATCH " + repeated("(a{number})", 3000) + " RETURN 1", "at most 100 patterns", "(a100)"),
    "patterns of several MATCH": (
        repeated("MATCH (a{number})", 101, " ") + " RETURN 1",
        "at most 100 patterns",
        "(a100)",
    ),
    "relationships of a path": (f"MATCH {chain(26)} RETURN 1", "at most 25 relationships", "(a26)"),
    "relationships of a star": (
        "MATCH " + repeated("(a)-->(b{number})", 26) + " RETURN 1",
        "at most 25 relationships",
        "(b25)",
    ),
    "relationships of two MATCH": (
        f"MATCH {chain(13)} WHERE a0.x = 1 MATCH {chain(13, 'b')} RETURN 1",
        "at most 25 relationships",
        "(b13)",
    ),
    "relationships in a subquery": ("RETURN EXISTS { MATCH " + chain(26) + " }", "at most 25 relationships", "(a26)"),
    "a sum": ("RETURN " + repeated("1", 1002, "+"), "at most 1000 operators", None),
    "a text": ("RETURN " + repeated("'x'", 5000, " + "), "at most 1000 operators", None),
    "a product": ("RETURN " + repeated("1", 5000, "*"), "at most 1000 operators", None),
    "bits": ("RETURN " + repeated("1", 5000, "|"), "at most 1000 operators", None),
    "subscripts": ("RETURN x" + "[1]" * 1001, "at most 1000 operators", None),
    "fields": ("WITH {a: 1} AS s RETURN s" + ".a" * 1002, "at most 1000 operators", None),
    "memberships": ("RETURN 1" + " IN [1]" * 1001, "at most 1000 operators", None),
    "a sum in a lambda": (
        "RETURN list_transform([1], x -> " + repeated("x", 1002, "+") + ")",
        "at most 1000 operators",
        None,
    ),
    "sums in sums": (
        "RETURN " + "(" * 3 + repeated("1", 400, "+") + ("+1" * 400 + ")") * 3,
        "at most 1000 operators",
        None,
    ),
    "sums in arguments": (
        "RETURN " + "pow(" * 3 + repeated("1", 400, "+") + ("+1" * 400 + ", 2)") * 3,
        "at most 1000 operators",
        None,
    ),
    "sums in cases": (
        "RETURN " + "CASE WHEN true THEN " * 3 + repeated("1", 400, "+") + (" ELSE 2 END" + "+1" * 400) * 3,
        "at most 1000 operators",
        None,
    ),
    "clauses": (
        "MATCH (n) " + repeated("WITH n, {number} AS c{number}", 500, " ") + " RETURN n",
        "at most 500 clauses",
        None,
    ),
    "unions": (repeated("RETURN {number} AS x", 251, " UNION ALL "), "at most 500 clauses", None),
    "subqueries": (
        "MATCH (a) WHERE " + repeated("EXISTS {{ MATCH (a)-->(b{number}) }}", 51, " AND ") + " RETURN a",
        "at most 50 EXISTS",
        None,
    ),
    "properties of a pattern": (
        "MATCH (n {" + repeated("a{number}: 1", 1001) + "}) RETURN n",
        "at most 1000 entries",
        None,
    ),
    "arguments": ("RETURN coalesce(" + repeated("null", 1001) + ")", "at most 1000 entries", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_at_its_place_with_the_limit_and_a_way_out(name):
    statement, words, place = REFUSED[name]
    with pytest.raises(PlatformError) as refused:
        check_statement(statement)
    error = refused.value
    assert (error.code, error.details["kind"]) == ("RYUGRAPH_ERROR", "statement_not_allowed")
    assert words in error.message
    if place is not None:
        assert statement.startswith(place, error.details["position"])


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH " + repeated("(a{number})", 100) + " RETURN 1",
        f"MATCH {chain(25)} RETURN 1",
        f"MATCH {chain(20)} WITH a20 MATCH {chain(20, 'b')} OPTIONAL MATCH {chain(20, 'c')} RETURN 1",
        "MATCH (a) " + repeated("OPTIONAL MATCH (a)-->(b{number})", 100, " ") + " RETURN a",
        "MATCH (a) RETURN " + repeated("a.x + {number} * 2 AS c{number}", 1500),
        "MATCH (a) WHERE " + repeated("a.x - 1 = {number}", 1500, " OR ") + " RETURN a",
        "MATCH (a) WHERE " + repeated("a.name STARTS WITH '{number}'", 1500, " OR ") + " RETURN a",
        "MATCH (a) WHERE a.x IN [" + repeated("-{number}", 9000) + "] RETURN a",
        "MATCH (a) RETURN CASE " + repeated("WHEN a.x - 1 = {number} THEN {number} + 1", 900, " ") + " END",
        "MATCH (a) RETURN " + repeated("a.x{number}", 900, " + "),
        "MATCH (a)-[:" + repeated("T{number}", 900, "|") + "]->(b) RETURN a",
        "MATCH (match)-[with]->(return) WHERE match.with = return.union RETURN match.match AS match, return AS with",
        f"RETURN {{match: 1, with: 2}} AS `match (`, [x IN [1] | x] AS with, '{'MATCH (a)' * 300}' AS x",
    ],
)
def test_what_the_planner_bears_is_not_refused(statement):
    assert check_statement(statement).kind == "read"
