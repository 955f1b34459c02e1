"""Worker processes: results, failures, limits, cancellation, reuse."""

import os
import threading
import time
from functools import partial

import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.registry import find
from graph_olap_server.instance.workers import Cancelled, Control, SharedArray, TimedOut, Worker, WorkerPool

LONG = 60_000
SLEEP = partial(time.sleep, 60)


@pytest.fixture
def pool():
    pool = WorkerPool(threads=1)
    yield pool
    pool.close()


def call(pool, function, arguments=None, arrays=None, control=None):
    with pool.worker(Control(60_000)) as worker:
        return worker.call(function, arguments or {}, arrays or {}, control or Control(LONG))


def test_arrays_arrive(pool):
    assert call(pool, np.sum, arrays={"a": SharedArray(np.arange(100_000))}) == 4999950000
    assert call(pool, np.size, arrays={"a": SharedArray(np.empty(0))}) == 0


def test_a_worker_is_used_again_until_it_was_killed(pool):
    first = call(pool, os.getpid)
    assert call(pool, os.getpid) == first
    with pytest.raises(TimedOut):
        call(pool, SLEEP, control=Control(50))
    assert call(pool, os.getpid) != first


def test_cancelling_ends_a_call_at_once(pool):
    control = Control(LONG)
    threading.Timer(0.3, control.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        call(pool, SLEEP, control=control)
    assert time.monotonic() - started < 5
    with pytest.raises(Cancelled):
        call(pool, os.getpid, control=control)


def test_failures_come_back_in_words(pool):
    with pytest.raises(PlatformError) as failure:
        call(pool, int, {"base": "ten"})
    assert failure.value.code == "ALGORITHM_FAILED"
    assert "TypeError: " in failure.value.message
    assert "give your operator the execution id" in failure.value.message
    with pytest.raises(PlatformError) as refusal:
        call(pool, find, {"name": "nothing like it"})
    assert refusal.value.code == "ALGORITHM_NOT_FOUND"


def test_a_crash_is_a_failure_of_the_call_only(pool):
    with pytest.raises(PlatformError) as crash:
        call(pool, os.abort)
    assert "SIGABRT" in crash.value.message
    assert isinstance(call(pool, os.getpid), int)


def test_too_much_memory_is_a_plain_message():
    worker = Worker(threads=1, memory_bytes=2 * 1024**3)
    try:
        with pytest.raises(PlatformError) as refusal:
            worker.call(np.ones, {"shape": 2**30}, {}, Control(LONG))
    finally:
        worker.close()
    assert "more memory" in refusal.value.message
