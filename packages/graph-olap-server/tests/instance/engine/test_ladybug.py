"""The second engine passes the same suite, in a process of its own: the two libraries cannot share one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from graph_olap_server.instance.engine.registry import available_engines


@pytest.mark.slow
@pytest.mark.skipif("ladybug" not in available_engines(), reason="the extra 'ladybug' is not installed")
def test_ladybug_passes_the_suite_of_the_engine_port(engine_name):
    if engine_name == "ladybug":
        pytest.skip("this is the process of its own")
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(Path(__file__).parent)],
        env={**os.environ, "GRAPH_OLAP_TEST_ENGINE": "ladybug"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-3000:]
