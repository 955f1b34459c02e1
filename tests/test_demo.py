"""`graph-olap demo` as a user runs it: all answers equal SQL, nothing is left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def run_demo(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    temporary = cwd / "tmp"
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "graph_olap_server", "demo", *arguments],
        cwd=cwd,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=240,
    )


def processes_mentioning(text: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found


def test_demo_checks_itself_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = run_demo(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^ +equal ", done.stdout, re.MULTILINE)) >= 5
    assert "DIFFERENT" not in done.stdout
    assert re.search(r"7,602 rows rejected, dangling to in dest", done.stdout)
    page = (tmp_path / "graph-olap-demo.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "7,602" in page or "7602" in page
    assert not re.search(r"<script|(src|href)=[\"']?(https?:)?//", page)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_mentioning(str(tmp_path)) == []
    assert "Traceback" not in done.stdout + done.stderr
