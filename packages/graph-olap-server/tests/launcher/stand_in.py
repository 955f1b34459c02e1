"""A tiny instance server for launcher tests: ``stand_in.py MODE --config FILE``."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

mode, config_file = sys.argv[1], Path(sys.argv[3])
folder = config_file.parent
config = json.loads(config_file.read_text())

if mode == "exit":
    print(json.dumps({"event": "engine_failed", "time": "now", "reason": "no such snapshot"}), flush=True)
    sys.exit(3)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "family":
    worker = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    (folder / "worker.pid").write_text(str(worker.pid))
if mode == "environment":
    (folder / "environment.json").write_text(json.dumps(dict(os.environ)))
if mode != "silent":
    temporary = folder / "endpoint.tmp"
    temporary.write_text(json.dumps({"url": f"http://127.0.0.1:{40000 + config['instance_id']}", "pid": os.getpid()}))
    temporary.replace(folder / "endpoint.json")
while True:
    signal.pause()
