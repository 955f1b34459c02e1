"""The tutorial runs as it is printed: code blocks in order, output blocks compared."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graph_olap_server.demo.platform import running_platform

TUTORIAL = Path(__file__).parent.parent / "docs/tutorial.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[str, str]]:
    for match in _BLOCK.finditer(TUTORIAL.read_text(encoding="utf-8")):
        yield match.group(1), match.group(2)


def test_tutorial_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GRAPH_OLAP_API_URL", "GRAPH_OLAP_API_KEY", "GRAPH_OLAP_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    namespace: dict[str, object] = {}
    printed = ""
    compared = 0
    with contextlib.ExitStack() as stack:
        for language, text in blocks():
            if language == "bash":
                warehouse = re.search(r"--warehouse duckdb:///(\S+)", text)
                assert warehouse is not None
                url = stack.enter_context(running_platform(tmp_path, f"duckdb:///{tmp_path / warehouse.group(1)}"))
                monkeypatch.setenv("GRAPH_OLAP_API_URL", url)
            elif language == "python":
                output = io.StringIO()
                with contextlib.redirect_stdout(output):
                    exec(compile(text, str(TUTORIAL), "exec"), namespace)
                printed = output.getvalue()
            else:
                assert language == "text"
                assert printed == text
                compared += 1
    assert compared >= 8
