"""Read-only transactions that stay open between queries: they see every write, and are never in its way."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import NodeWrite

COUNT = 2_000


@pytest.fixture
def graph(files, load):
    files.node("N", ("id", "INT64"), {}, [[key] for key in range(COUNT)])
    return load(files)


def write(graph, value, check=lambda: None):
    values = pa.array([value] * COUNT, pa.int64())
    graph.engine.write_properties([NodeWrite("N", "v", "INT64", pa.array(range(COUNT)), values)], check)


def idle(graph):
    return graph.engine._pool._idle


def refuses_writes(connection):
    with pytest.raises(RuntimeError, match="read-only"):
        connection.execute("CREATE (:N {id: -1})")
    connection.execute("ROLLBACK")


def test_a_connection_that_waits_for_the_next_query_is_still_in_its_read_only_transaction(graph):
    assert graph.rows("MATCH (n:N) RETURN count(*)") == [[COUNT]]
    reading = [pooled for pooled in idle(graph) if pooled.sees is not None]
    assert reading
    for pooled in reading:
        refuses_writes(pooled.connection)
        pooled.sees = None
    assert graph.rows("MATCH (n:N) RETURN count(*)") == [[COUNT]]


@pytest.mark.parametrize(
    "statement",
    ["MATCH (n:N) RETURN n.id / 0", "MATCH (n:N) RETURN nothing(n.id)", "MATCH (n:N) RETURN sum(", "RETURN 1 % 0"],
)
def test_after_a_statement_that_failed_the_next_one_is_read_only_again(graph, statement):
    for _ in range(3):
        with pytest.raises(PlatformError):
            graph.rows(statement)
        assert graph.rows("MATCH (n:N) RETURN count(*)") == [[COUNT]]
        with graph.engine._pool.reading() as running:
            running.execute("RETURN 1").close()
            refuses_writes(running.connection)
            running.failed = True


def test_a_failure_that_is_caught_inside_the_block_ends_the_transaction_too(graph):
    with graph.engine._pool.reading() as running, pytest.raises(RuntimeError):
        running.execute("RETURN nothing(1)")
    assert all(pooled.connection is not running.connection or pooled.sees is None for pooled in idle(graph))
    with graph.engine._pool.reading() as again:
        again.execute("RETURN 1").close()
        refuses_writes(again.connection)
        again.failed = True


def test_every_write_is_seen_by_the_next_query_on_every_connection(graph):
    together = threading.Barrier(4)

    def ask(_):
        with graph.engine._pool.reading() as running:
            together.wait(10)  # so that each has a connection of its own
            return running.execute("MATCH (n:N) RETURN min(n.v), max(n.v)").get_all()

    with ThreadPoolExecutor(4) as threads:
        for value in range(5):
            write(graph, value)
            assert list(threads.map(ask, range(4))) == [[[value, value]]] * 4


def test_no_idle_connection_has_a_transaction_while_something_is_written(graph):
    graph.rows("MATCH (n:N) RETURN count(*)")
    seen = []

    def check():
        graph.rows("MATCH (n:N) RETURN count(*)")
        if graph.engine._pool._writers:
            seen.append([pooled.sees for pooled in idle(graph)])

    write(graph, 1, check)
    assert seen
    assert all(sees == [None] * len(sees) for sees in seen)
    assert graph.rows("MATCH (n:N) RETURN sum(n.v)") == [[COUNT]]


def test_a_query_begun_after_a_write_never_sees_less_while_many_ask(graph):
    write(graph, 0)
    written, done, wrong = 0, threading.Event(), []

    def ask(_):
        asked = 0
        while not done.is_set():
            least = written
            ((low, high),) = graph.rows("MATCH (n:N) RETURN min(n.v), max(n.v)")
            asked += 1
            if low != high or low < least:
                wrong.append((least, low, high))
        return asked

    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask, number) for number in range(3)]
        for value in range(1, 9):
            write(graph, value)
            written = value
        done.set()
        assert all(future.result() > 0 for future in asking)
    assert wrong == []
