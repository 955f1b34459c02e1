"""No algorithm without a reference, a place in the documentation and a benchmark."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from algorithm_cases import GRAPHS
from graph_olap_server.instance.algorithms.registry import ALGORITHMS, check_parameters, find

ROOT = Path(__file__).parents[5]
HERE = Path(__file__).parent
MARKED = {
    name
    for path in HERE.glob("test_*.py")
    for call in re.findall(r"@reference\(([^)]*)\)", path.read_text(encoding="utf-8"))
    for name in re.findall(r'"(\w+)"', call)
}


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_every_algorithm_has_a_reference_and_a_page(algorithm):
    assert algorithm.name in MARKED, f"no test is marked with @reference({algorithm.name!r})"
    page = (ROOT / "docs/reference/algorithms.md").read_text(encoding="utf-8")
    assert f"`{algorithm.name}`" in page


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.delitem(sys.modules, "benchmarks", raising=False)
    from benchmarks import algorithm_peers

    return algorithm_peers


def test_every_algorithm_has_a_benchmark(peers):
    assert set(peers.ENTRIES) == {algorithm.name for algorithm in ALGORITHMS}
    assert list(peers.ENTRIES) == sorted(peers.ENTRIES)
    for name, entry in peers.ENTRIES.items():
        assert entry.igraph or entry.networkx or entry.note, f"{name} has no peer, and no remark says why"
        problems = []
        parameters = check_parameters(find(name), dict(entry.parameters), problems)
        assert not problems
        assert entry.parameters.items() <= parameters.items()


@pytest.mark.filterwarnings("ignore:.* (nearly zero|zeros):RuntimeWarning")  # scores in igraph; right on such graphs
def test_every_peer_of_a_benchmark_computes_something(peers):
    random = np.random.default_rng(1)
    source, target = random.integers(0, 70, (2, 400))
    for name, entry in peers.ENTRIES.items():
        ends = (np.minimum(source, target), np.maximum(source, target) + 1) if entry.acyclic else (source, target)
        for build, compute in ((peers.igraph_of, entry.igraph), (peers.networkx_of, entry.networkx)):
            if compute is not None:
                assert compute(build(71, *ends)) is not None, name


def test_the_random_graphs_have_everything_that_is_difficult():
    assert len(GRAPHS) == 200
    pairs = [list(zip(case.source.tolist(), case.target.tolist(), strict=True)) for case in GRAPHS]
    assert sum(len(set(edges)) < len(edges) for edges in pairs) > 50, "parallel edges"
    assert sum(any(a == b for a, b in edges) for edges in pairs) > 50, "self-loops"
    assert (
        sum(
            len({node for edge in edges for node in edge}) < case.nodes
            for edges, case in zip(pairs, GRAPHS, strict=True)
        )
        > 50
    )
    assert sum((case.weight == 0).any() for case in GRAPHS) > 10, "weights of zero"
    assert sum(not edges for edges in pairs) > 5, "no edges"
