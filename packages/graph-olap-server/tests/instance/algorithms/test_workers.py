"""Worker processes: results, failures, limits, cancellation, reuse."""

import os
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.kernels.results import NodeMap
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


@pytest.mark.parametrize("length", [0, 1, 1000, 200_000])
def test_results_of_any_size_arrive_whole(pool, length):
    for dtype in (bool, np.int8, np.int32, np.float64):
        found = call(pool, np.full, {"shape": (length, 3), "fill_value": 1, "dtype": dtype})
        assert (found.dtype, found.shape, found.sum()) == (np.dtype(dtype), (length, 3), 3 * length)
        found[:] = 0  # it is the caller's own
    values, places = call(pool, np.unique, {"return_index": True}, {"ar": SharedArray(np.arange(length)[::-1])})
    assert values.tolist() == places[::-1].tolist() == list(range(length))
    turned = call(pool, np.transpose, arrays={"a": SharedArray(np.arange(length))})
    assert turned.tolist() == list(range(length))
    computed = call(pool, NodeMap, {"summary": {"a": "b" * length}}, {"values": SharedArray(np.arange(length))})
    assert computed.values.tolist() == list(range(length))
    assert computed.summary == {"a": "b" * length}


def test_files_of_results_are_closed(pool):
    call(pool, np.zeros, {"shape": 100_000})
    files = Path("/proc/self/fd")
    before = len(list(files.iterdir()))
    for _ in range(20):
        call(pool, np.zeros, {"shape": 100_000})
    assert len(list(files.iterdir())) <= before + 1


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
