"""Computation in processes of its own: it can be stopped at once, cannot crash the server and never holds its GIL."""

from graph_olap_server.instance.workers.control import Cancelled, Control, TimedOut
from graph_olap_server.instance.workers.process import Worker, WorkerPool
from graph_olap_server.instance.workers.shared import SharedArray

__all__ = ["Cancelled", "Control", "SharedArray", "TimedOut", "Worker", "WorkerPool"]
