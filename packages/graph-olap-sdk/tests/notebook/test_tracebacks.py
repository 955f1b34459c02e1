"""In a notebook an error shows the analyst's lines and what to do, not the inside of the SDK."""

from __future__ import annotations

import sys

import pytest

from graph_olap.exceptions import RyugraphError, ValidationError

QUERY = "MATCH (a:Account)\nRETURN a.nme"


@pytest.fixture
def shell(monkeypatch):
    # A shell takes the place of the main module, from which processes are spawned by later tests.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    interactive = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    shell = interactive.instance()
    shell.user_ns.clear()
    yield shell
    interactive.clear_instance()


def _run(shell, capsys, cell, **names):
    shell.push(names)
    assert not shell.run_cell(cell).success
    return capsys.readouterr().out


def test_frames_of_the_sdk_are_left_out(shell, capsys, platform, wire, client, monkeypatch):
    platform.on("GET", "/api/mappings/7", wire.error(404, "RESOURCE_NOT_FOUND", "There is no mapping 7."))
    cell = "def mine(client):\n    return client.mappings.get(7)\n\nmine(client)"
    text = _run(shell, capsys, cell, client=client)
    assert "line 4" in text
    assert "    mine(client)" in text
    assert "line 2 in mine" in text
    assert "NotFoundError" in text
    assert "There is no mapping 7." in text
    assert "resources" not in text
    assert "tenacity" not in text
    monkeypatch.setenv("GRAPH_OLAP_FULL_TRACEBACK", "true")
    assert "mappings.py" in _run(shell, capsys, cell, client=client)


def test_the_place_in_the_query_is_marked(shell, capsys):
    error = RyugraphError("There is no property nme.", {"query": QUERY, "position": QUERY.index("nme")})
    text = _run(shell, capsys, "raise error", error=error)
    assert text.rstrip().endswith("    RETURN a.nme\n             ^")


@pytest.mark.parametrize("details", [{}, {"query": QUERY}, {"query": QUERY, "position": 500}, {"position": 3}])
def test_without_a_place_there_is_no_mark(shell, capsys, details):
    text = _run(shell, capsys, "raise error", error=ValidationError("No.", details))
    assert "^" not in text
    assert text.rstrip().endswith("No.")
