"""Examples in docstrings of the server run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import graph_olap_server


def test_examples_in_docstrings_run():
    source = Path(graph_olap_server.__file__).parent
    # In a process of its own: it imports every module, and two engines cannot share a process.
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules"),
            *("--ignore", str(source / "store" / "migrations"), str(source)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-3000:]
