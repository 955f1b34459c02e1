"""Log lines: those that may wait are written together and soon, none is lost, and their order stays."""

import io
import json
import logging
import subprocess
import sys
import time

import pytest
from graph_olap_server.logs import configure_logging, event


class Counted(io.StringIO):
    writes = 0

    def write(self, text):
        self.writes += 1
        return super().write(text)


@pytest.fixture
def stream(monkeypatch):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", Counted())
    configure_logging("INFO", "test")
    yield sys.stderr
    root.handlers[:] = before
    root.setLevel(level)


def names(stream):
    return [json.loads(line)["event"] for line in stream.getvalue().splitlines()]


def test_lines_that_may_wait_are_written_together_and_soon(stream):
    for _ in range(50):
        event(logging.getLogger("a"), "request", may_wait=True)
    deadline = time.monotonic() + 10
    while len(names(stream)) < 50 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert names(stream) == ["request"] * 50
    assert stream.writes < 10
    event(logging.getLogger("a"), "request", may_wait=True)
    while len(names(stream)) < 51 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(names(stream)) == 51


def test_a_line_that_may_not_wait_comes_after_those_before_it_and_at_once(stream):
    event(logging.getLogger("a"), "first", may_wait=True)
    event(logging.getLogger("a"), "second")
    assert names(stream) == ["first", "second"]


def test_no_number_of_lines_waits_for_long(stream):
    for _ in range(2_500):
        event(logging.getLogger("a"), "request", may_wait=True)
    assert len(names(stream)) >= 2_000


def test_the_end_of_the_process_loses_no_line():
    program = (
        "import logging\n"
        "from graph_olap_server.logs import configure_logging, event\n"
        "configure_logging('INFO', 'test')\n"
        "event(logging.getLogger('a'), 'last', may_wait=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr)["event"] == "last"
