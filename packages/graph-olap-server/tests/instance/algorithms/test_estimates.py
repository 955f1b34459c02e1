"""Estimates against what workers really take: memory is bounded, and not by far too much."""

from pathlib import Path

import numpy as np
import pytest
from algorithm_cases import Case
from graph_olap_server.instance.algorithms.registry import check_parameters, find
from graph_olap_server.instance.workers import Control, SharedArray, Worker

NODES, EDGES = 40_000, 400_000
SLACK = 12_000_000  # what an allocator keeps or rounds up
LIMIT = 300_000


def skewed(nodes, edges):
    """Ends with few hubs and many nodes of low degree."""
    random = np.random.default_rng(7)
    source, target = ((nodes * random.random(edges) ** 3).astype(np.int64) for _ in range(2))
    return Case(nodes, source, random.permutation(nodes)[target], random.integers(1, 100, edges).astype(float))


GRAPH, SMALL = skewed(NODES, EDGES), skewed(60, 300)


@pytest.fixture
def worker():
    worker = Worker(threads=2)
    yield worker
    worker.close()


def memory_of(worker, field):
    text = Path(f"/proc/{worker._process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(field))


def parameters_of(algorithm, case):
    known = {parameter.name: parameter for parameter in algorithm.parameters}
    given = {"source_node": 0, "target_node": 1} if "target_node" in known else {"source_node": 0}
    given = {name: value for name, value in given.items() if name in known}
    if "community_property" in known:
        given["community_property"] = np.arange(case.nodes) % 40.0
    if "samples" in known:
        given["samples"] = 64
    if "source_nodes" in known:
        given["source_nodes"] = list(range(50))
    return given


@pytest.mark.parametrize(
    "name",
    [
        *(
            "betweenness",
            "diameter",
            "edge_betweenness",
            "eigenvector",
            "fastrp",
            "jaccard_similarity",
            "label_propagation",
            "louvain",
        ),
        *("max_flow", "pagerank", "scc", "triangle_count", "wcc"),
    ],
)
def test_an_estimate_bounds_the_memory_of_a_worker(worker, name):
    algorithm = find(name)

    def call(case):
        own = parameters_of(algorithm, case)
        problems = []
        plain = {key: value for key, value in own.items() if not isinstance(value, np.ndarray)}
        effective = {**check_parameters(algorithm, plain, problems), **own}
        arguments = {key: v for key, v in effective.items() if key not in {"weight_property", *algorithm.ignored}}
        arrays = case.arrays(algorithm, weighted=algorithm.weighted)
        shared = {key: SharedArray(array) for key, array in arrays.items()}
        worker.call(algorithm.kernel, arguments, shared, Control(LIMIT))
        mapped = sum(array.nbytes for array in shared.values())
        return mapped, algorithm.cost.bytes(case.nodes, len(arrays["indices"]), effective)

    call(SMALL)  # imports what it needs
    before = memory_of(worker, "VmRSS")
    Path(f"/proc/{worker._process.pid}/clear_refs").write_text("5")
    mapped, estimate = call(GRAPH)
    real = memory_of(worker, "VmHWM") - before - mapped
    assert real <= estimate + SLACK
    assert estimate <= 4 * max(real, 0) + 2 * SLACK


def test_memory_grows_with_the_parameters():
    def memory(name, **parameters):
        algorithm = find(name)
        return algorithm.cost.bytes(1000, 10_000, {**check_parameters(algorithm, {}, []), **parameters})

    assert memory("fastrp", dimensions=512) > 3 * memory("fastrp", dimensions=128)
    assert memory("random_walks", walk_length=1000) > 10 * memory("random_walks", walk_length=10)
    assert memory("all_pairs_shortest_paths", max_pairs=10) < memory("all_pairs_shortest_paths")
    assert memory("jaccard_similarity", source_nodes=[1]) < memory("jaccard_similarity")
