"""Thousands of generated statements: none that does harm passes, none that is harmless is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cypher_statements import EFFECTS, Writer
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.guard import READ_ONLY_PROCEDURES, check_statement
from graph_olap_server.instance.tokens import TokenKind, tokenise

SEED = 20261124
HERE = Path(__file__).parent


def refusal(statement: str) -> PlatformError | None:
    try:
        check_statement(statement)
    except PlatformError as error:
        return error
    return None


def run_unguarded(statements: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Run statements on the engine without any protection, in another process; a crash of it is an effect as well."""
    done = subprocess.run(
        [sys.executable, str(HERE / "sandbox.py"), "kuzu"],
        input=json.dumps(list(statements)),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    if len(found) < len(statements):
        assert done.returncode < 0, done.stderr
        next_folder = folder / f"after{len(statements)}"
        next_folder.mkdir()
        found += [{"ended": f"signal {-done.returncode}", "effect": True}]
        found += run_unguarded(statements[len(found) :], next_folder)
    return found


def reads(connection: Any, statement: str) -> bool:
    """Tell whether the engine can read a statement."""
    try:
        connection.execute(statement).close()
    except RuntimeError:
        return False
    return True


def test_no_hostile_statement_passes():
    writer = Writer(SEED)
    for _ in range(6_000):
        statement = writer.hostile()
        error = refusal(statement)
        assert error is not None, statement
        assert error.code == "RYUGRAPH_ERROR"
        assert error.details["kind"] in ("write_not_allowed", "statement_not_allowed", "syntax"), statement


def test_no_harmless_statement_is_refused():
    writer = Writer(SEED + 1)
    for _ in range(5_000):
        statement = writer.harmless()
        error = refusal(statement)
        assert error is None, f"{error}\n{statement!r}"


def test_hostile_is_what_has_an_effect_and_harmless_is_what_the_engine_reads(tmp_path):
    """The oracle itself: without the guard the hostile ones do what they are here for, the harmless ones nothing."""
    (tmp_path / "plain").mkdir()
    plain = run_unguarded(EFFECTS, tmp_path / "plain")
    idle = [text for text, found in zip(EFFECTS, plain, strict=True) if not found["effect"]]
    assert idle == []
    (tmp_path / "hostile").mkdir()
    writer = Writer(SEED + 2)
    hostile = run_unguarded([writer.hostile() for _ in range(150)], tmp_path / "hostile")
    assert sum(found["effect"] for found in hostile) > 40
    (tmp_path / "harmless").mkdir()
    statements = [writer.harmless() for _ in range(150)]
    harmless = run_unguarded(statements, tmp_path / "harmless")
    assert [text for text, found in zip(statements, harmless, strict=True) if found["effect"]] == []
    assert sum(not found["ended"].startswith("Parser") for found in harmless) > 75


def test_whatever_passes_has_no_effect_without_any_other_protection(tmp_path):
    writer = Writer(SEED + 3)
    passed = [text for text in (writer.spliced() for _ in range(6_000)) if refusal(text) is None]
    assert len(passed) > 300
    found = run_unguarded(passed, tmp_path)
    assert [text for text, result in zip(passed, found, strict=True) if result["effect"]] == []
    assert sum(result["ended"] == "ok" for result in found) > 20


def test_every_procedure_of_the_engine_is_refused_unless_it_only_lists():
    """Asked from the engine, so that a new one is refused by default."""
    import kuzu

    with kuzu.Database(":memory:") as database, kuzu.Connection(database) as connection:
        found = connection.execute("CALL show_functions() RETURN name, type").get_all()
    procedures = {name for name, kind in found if "TABLE" in kind or "COPY" in kind}
    assert len(procedures) > 40
    assert procedures >= READ_ONLY_PROCEDURES
    for name in procedures:
        for call in (
            f"CALL {name}('x') RETURN *",
            f"call `{name.lower()}`() YIELD *",
            f"MATCH (n) CALL {name}() RETURN 1",
        ):
            allowed = name in READ_ONLY_PROCEDURES
            assert (refusal(call) is None) == allowed, call
        assert refusal(f"CALL {name} = 1") is not None


def test_words_and_gaps_are_those_of_the_engine():
    """For every character: where the engine sees two words, so do we; otherwise it would read what we did not judge."""
    import kuzu

    with kuzu.Database(":memory:") as database, kuzu.Connection(database) as connection:
        for code in (*range(1, 0x600), *range(0x1600, 0x1900), *range(0x2000, 0x2C00), *range(0x3000, 0x3040)):
            gap = chr(code)
            statement = f"RETURN{gap}1"
            if gap not in "'\"`$+-" and reads(connection, statement):
                assert [token.text for token in tokenise(statement)] == ["RETURN", "1"], hex(code)
        for code in range(0xC0, 0x3000):
            name = f"a{chr(code)}b"
            if reads(connection, f"RETURN 1 AS {name}"):
                (token,) = tokenise(name)
                assert token.kind is TokenKind.WORD, hex(code)


@pytest.mark.parametrize(
    "statement",
    [
        "MATCH (n)\u180eLOAD\u180eFROM\u180e'secret.csv' RETURN *",
        "MATCH (n)\u180eSET n.age=0",
        "MATCH (n) WHERE n.e\u0301 SET n.age = 0",
        "MATCH (n) WHERE n.x€ SET n.age = 0",
        "RETURN 1\x00; CREATE (n)",
        "RETURN 1 \x07",
    ],
)
def test_characters_that_once_hid_a_clause(statement):
    assert refusal(statement) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "RETURN " + "(" * 49_000 + "1" + ")" * 49_000,
        "RETURN " + "[" * 99_000,
        "RETURN " + "{a:" * 33_000,
        "RETURN '" + "\\\\" * 49_000,
        "RETURN `" + "``" * 49_000,
        "RETURN /*" + "/*" * 49_000,
        "RETURN " + "a" * 99_000,
        "RETURN 1" + "," * 99_000,
        "MATCH " * 16_000,
        "CALL " * 19_000,
        "RETURN 1" + ";" * 99_000,
        "UNION ALL " * 9_900,
        "RETURN " + "1" * 99_000,
        "RETURN EXISTS {" * 6_600,
        "\u180e" * 99_000,
        "é" * 99_000,
        "MATCH (n) WHERE " + "NOT " * 24_000 + "SET n.x = 1",
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_the_longest_statements_are_judged_at_once(statement):
    started = time.process_time()
    refusal(statement)
    # Quadratic work on 100,000 characters takes minutes; this is far above what linear work takes on a busy machine.
    assert time.process_time() - started < 20
