"""Values of relationships: how many may be written."""

import numpy as np
import pyarrow as pa
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance import writeback
from graph_olap_server.instance.nodes import NodeIndex


@pytest.mark.parametrize(
    ("gigabytes", "most"), [(0.1, 1_000_000), (2, 2_684_354), (5, 6_710_886), (8, 10_000_000), (50, 10_000_000)]
)
def test_more_memory_allows_more(gigabytes, most):
    assert writeback.most_edges_written(int(gigabytes * 1024**3)) == most


def test_more_than_that_is_refused_and_nothing_written(files, load, monkeypatch):
    files.node("M", ("id", "INT64"), {}, [[key] for key in range(5)])
    graph = load(files.edge("E", ("M", "M"), {}, [[0, 1], [0, 1], [1, 2], [3, 4]]))
    nodes = NodeIndex({"M": 5})

    def write(ends, values):
        pairs = tuple(np.array(side) for side in zip(*ends, strict=True))
        return writeback.write_edge_values(
            graph.engine, "v", "DOUBLE", ("E",), pairs, pa.array(values), nodes, undirected=False
        )

    monkeypatch.setattr(writeback, "_ALWAYS_WRITTEN", 2)
    monkeypatch.setattr(writeback, "_BYTES_PER_EDGE", graph.engine.buffer_bytes)
    with pytest.raises(PlatformError, match="3 relationships would get a value; at most 2") as caught:
        write([(0, 1), (1, 2)], [1.0, 2.0])
    assert (caught.value.code, caught.value.details["max_relationships"]) == ("RESULT_TOO_LARGE", 2)
    assert graph.engine.schema().edge_tables[0].properties == {}
    assert write([(0, 1), (2, 3)], [1.0, 2.0]) == 2
    assert graph.rows("MATCH ()-[e:E]->() RETURN count(*), count(e.v), sum(e.v)") == [[4, 2, 2.0]]
