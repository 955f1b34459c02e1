"""The threads of a statement: what the launcher leaves in the instance's folder, shared by those that run."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.instance_config import CPU_CORES_FILE
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class
from graph_olap_server.instance.engine.threads import share, workers
from hypothesis import given
from hypothesis import strategies as st


def _threads(engine):
    with engine._pool.reading() as running:
        return int(running.connection.execute("CALL current_setting('threads') RETURN *").get_all()[0][0])


def test_the_next_statement_uses_the_new_number(engine_name, tmp_path):
    engine = engine_class(engine_name).open(tmp_path / "graph.db", EngineLimits(2, 64 * 1024**2))
    try:
        assert _threads(engine) == 2
        file = tmp_path / CPU_CORES_FILE
        file.write_text("5")
        assert _threads(engine) == 5
        file.write_text("garbage")
        assert _threads(engine) == 5
        file.unlink()
        file.write_text("1")
        assert _threads(engine) == 1
    finally:
        engine.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
def test_the_engines_threads_give_way_to_all_others(engine_name, tmp_path):
    def priorities():
        tasks = [path.name for path in Path("/proc/self/task").iterdir()]
        return {int(task): os.getpriority(os.PRIO_PROCESS, int(task)) for task in tasks}

    before = priorities()
    engine = engine_class(engine_name).open(tmp_path / "graph.db", EngineLimits(2, 64 * 1024**2, concurrency=4))
    try:
        after = priorities()
        mine = before[threading.get_native_id()]
        started = [nice for task, nice in after.items() if task not in before]
        assert len(started) >= 4
        assert set(started) == {mine + 3}
        assert all(after[task] == nice for task, nice in before.items() if task in after)
    finally:
        engine.close()


@given(st.integers(1, 16), st.integers(1, 12), st.lists(st.integers(0, 11), max_size=60))
def test_whatever_comes_and_goes_each_statement_finds_a_free_thread(threads, concurrency, ends):
    running = []
    for end in ends:
        if len(running) == concurrency:
            running.pop(end % concurrency)
        running.append(share(threads, len(running)))
        assert min(running) >= 1
        assert sum(running) <= workers(threads, concurrency)
        if end % 3 == 0:
            running.pop(end % len(running))


def test_long_statements_do_not_keep_a_short_one_waiting(engine_name, tmp_path):
    long = "UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y WITH x, y WHERE (x * y) % 7 = 8 RETURN count(*)"
    engine = engine_class(engine_name).open(tmp_path / "graph.db", EngineLimits(2, 64 * 1024**2, concurrency=4))

    def run(name):
        with pytest.raises(PlatformError, match="cancelled"):
            engine.query(long, {}, timeout_ms=600_000, query_id=name)

    others = [threading.Thread(target=run, args=(name,)) for name in "abc"]
    try:
        for other in others:
            other.start()
        while len(engine._pool._running) < 3:
            time.sleep(0.01)
        time.sleep(1)  # they have been planned, and run
        short = engine.query("UNWIND range(1, 10) AS x RETURN sum(x)", {}, timeout_ms=20_000, query_id="short")
        assert list(short.rows()) == [[55]]
        assert all(other.is_alive() for other in others)
    finally:
        for name in "abc":
            engine.cancel(name)
        for other in others:
            other.join(20)
        engine.close()
