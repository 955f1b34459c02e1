"""The tutorial and the quick start run as they are printed: code blocks in order, output blocks compared."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graph_olap_server.demo.platform import running_platform

DOCS = Path(__file__).parent.parent / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield match.group(1), match.group(2)


@pytest.mark.parametrize(("page", "outputs"), [("tutorial.md", 8), ("quickstart.md", 2), ("reference/search.md", 3)])
def test_page_runs_as_printed(page: str, outputs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GRAPH_OLAP_API_URL", "GRAPH_OLAP_API_KEY", "GRAPH_OLAP_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    namespace: dict[str, Any] = {}
    printed = ""
    compared = 0
    with contextlib.ExitStack() as stack:
        for language, text in blocks(DOCS / page):
            if language == "bash":
                warehouse = re.search(r"--warehouse duckdb:///(\S+)", text)
                assert warehouse is not None
                url = stack.enter_context(running_platform(tmp_path, f"duckdb:///{tmp_path / warehouse.group(1)}"))
                monkeypatch.setenv("GRAPH_OLAP_API_URL", url)
            elif language == "python":
                output = io.StringIO()
                with contextlib.redirect_stdout(output):
                    exec(compile(text, page, "exec"), namespace)
                printed = output.getvalue()
                for name in namespace.keys() & {"client", "conn"}:  # pages leave them open, as notebooks do
                    stack.callback(namespace[name].close)
            else:
                assert language == "text"
                assert printed == text
                compared += 1
    assert compared >= outputs
