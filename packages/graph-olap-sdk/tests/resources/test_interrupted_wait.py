"""Ctrl-C during a wait: a real signal to a real process that talks to a real server."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

# A shell lets what it starts in the background ignore the signal, and all that this starts.
SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from graph_olap import GraphOLAPClient
GraphOLAPClient(sys.argv[1], username="ada").snapshots.wait_until_ready(12, progress=False)
"""


@pytest.fixture
def never_ready():
    asked, methods = threading.Event(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            methods.append(self.command)
            asked.set()
            data = {"id": 12, "name": "April", "status": "creating", "phase": "exporting", "steps": []}
            body = json.dumps({"data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_POST = do_PUT = do_GET

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked, methods
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_real_interrupt_ends_the_waiting_says_what_goes_on_and_cancels_nothing(never_ready):
    url, asked, methods = never_ready
    waiting = subprocess.Popen([sys.executable, "-c", SCRIPT, url], stderr=subprocess.PIPE, text=True)
    try:
        assert asked.wait(60)
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=60)
    finally:
        waiting.kill()
    assert waiting.returncode == -signal.SIGINT
    assert "KeyboardInterrupt: Stopped waiting; snapshot 12 goes on." in errors
    assert "client.snapshots.delete(12) cancels it." in errors
    assert set(methods) == {"GET"}
