"""Functions that a kernel answers give exactly what NetworkX gives, on random multigraphs."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.networkx_bridge import run as run_module
from graph_olap_server.instance.networkx_bridge.accelerated import ACCELERATED, NotAccelerated, accelerated_answer
from graph_olap_server.instance.networkx_bridge.run import run
from graph_olap_server.instance.networkx_bridge.values import Classified, Handle
from graph_olap_server.instance.networkx_bridge.view import GraphView
from graph_olap_server.instance.projection import build_csr

GRAPHS = 200
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "pagerank": [
        {}, {"alpha": 0.6, "tol": 1e-9}, {"personalization": {0: 1, 1: 3}}, {"dangling": {0: 1}}, {"weight": None},
    ],
    "eigenvector_centrality": [{"max_iter": 2000}, {"max_iter": 2000, "weight": "weight"}],
    "katz_centrality": [
        {"alpha": 0.01}, {"alpha": 0.01, "normalized": False, "weight": "weight"}, {"alpha": 0.005, "beta": 2.0},
    ],
    "betweenness_centrality": [{}, {"normalized": False}],
    "node_connected_component": [{"n": 0}],
    "single_source_shortest_path_length": [{"source": 0}, {"source": 0, "cutoff": 1}],
    "single_target_shortest_path_length": [{"target": 0}, {"target": 0, "cutoff": 2}],
    "descendants": [{"source": 0}],
    "ancestors": [{"source": 0}],
    "has_path": [{"source": 0, "target": 1}, {"source": 0, "target": 0}],
}  # fmt: skip


def _edges(rng: random.Random, loops: bool) -> tuple[int, list[tuple[int, int, float]]]:
    count = rng.choice((2, 3, 5, 8, 13, 30))
    size = rng.choice((0, count // 2, count, 3 * count))
    pairs = [(rng.randrange(count), rng.randrange(count)) for _ in range(size)]
    pairs += rng.sample(pairs, len(pairs) // 3)
    return count, [(a, b, float(rng.randint(1, 9))) for a, b in pairs if loops or a != b]


def _arrays(count: int, edges: list[tuple[int, int, float]], weighted: bool) -> dict[str, Any]:
    source, target = (np.array([edge[i] for edge in edges], np.int64) for i in (0, 1))
    weight = np.array([edge[2] for edge in edges], np.float64) if weighted else None
    return build_csr(count, source, target, weight, directed=True, parallel="sum" if weighted else "once")


def _reference(count: int, edges: list[tuple[int, int, float]], *, directed: bool, weighted: bool) -> nx.Graph:
    """The same graph, built by NetworkX from the list of edges."""
    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(range(count))
    for a, b, weight in edges:
        before = graph.edges[a, b]["weight"] if weighted and graph.has_edge(a, b) else 0.0
        graph.add_edge(a, b, **({"weight": before + weight} if weighted else {}))
    return graph


def _plain(value: Any) -> Any:
    """Return an answer with dense ids for handles; sets in an order of their own."""
    if isinstance(value, Handle):
        return value.dense
    if isinstance(value, dict):
        return {_plain(key): entry for key, entry in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, value))
    return value if isinstance(value, (bool, int, float)) else sorted(map(_plain, value))


def _answer(result: dict[str, Any]) -> Any:
    """Return what a classified result says, in the form of ``_plain``."""
    kind = result["kind"]
    if kind == "node_map":
        return {entry["node"].dense: entry["value"] for entry in result["values"]}
    if kind == "node_sets":
        return sorted(sorted(node.dense for node in nodes) for nodes in result["sets"])
    return sorted(node.dense for node in result["nodes"]) if kind == "node_list" else result.get("value", [])


def _same(ours: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return ours.keys() == expected.keys() and all(_same(ours[key], value) for key, value in expected.items())
    if isinstance(expected, float):
        return math.isclose(ours, expected, rel_tol=1e-8, abs_tol=1e-10)
    return ours == expected and isinstance(ours, bool) == isinstance(expected, bool)


@pytest.mark.parametrize("kind", ["graph", "digraph"])
@pytest.mark.parametrize("name", sorted(ACCELERATED))
def test_a_kernel_gives_what_networkx_gives(name, kind):
    if kind not in ACCELERATED[name].graphs:
        with pytest.raises(NotAccelerated, match="no kernel computes it on"):
            accelerated_answer(
                name, {}, GraphView(np.zeros(2, np.int64), np.zeros(0, np.int64), None, directed=kind == "digraph")
            )
        return
    function, compared = getattr(nx, name), 0
    for seed in range(GRAPHS):
        rng = random.Random(f"{name} {seed}")
        count, edges = _edges(rng, loops=name != "core_number")
        weighted = ACCELERATED[name].weighted and rng.random() < 0.5
        given = dict(rng.choice(VARIANTS.get(name, [{}])))
        if given.get("weight") and not weighted:
            given.pop("weight")
        handles = [Handle(dense) for dense in range(count)]
        ours = {key: _handles(key, value, handles) for key, value in given.items()}
        arrays = _arrays(count, edges, weighted)
        view = GraphView(arrays["indptr"], arrays["indices"], arrays.get("weights"), directed=kind == "digraph")
        if weighted and "weight" not in given and name != "pagerank":
            ours["weight"] = given["weight"] = "weight"
        graph = _reference(count, edges, directed=kind == "digraph", weighted=weighted)
        try:
            expected = function(graph, **given)
            if hasattr(expected, "__next__"):
                expected = list(expected)
        except nx.PowerIterationFailedConvergence:
            with pytest.raises(nx.PowerIterationFailedConvergence):
                accelerated_answer(name, ours, view)
            continue
        found = run(
            **arrays, name=name, arguments=ours, directed=kind == "digraph", edge_count=len(edges), write=False
        ).result
        assert found["backend"] in ("icebug", "scipy", "numpy")
        assert found["graph"]["edges"] == graph.number_of_edges()
        assert _same(_answer(found), _plain(expected)), (seed, count, edges, given)
        compared += 1
    assert compared > GRAPHS / 2


def _handles(name: str, value: Any, handles: list[Handle]) -> Any:
    if isinstance(value, dict):
        return {handles[key]: entry for key, entry in value.items()}
    return handles[value] if name in ("n", "source", "target") else value


@pytest.mark.parametrize(
    "name",
    [
        "pagerank", "core_number", "single_source_shortest_path_length", "weakly_connected_components",
        "connected_components", "descendants", "node_connected_component", "isolates", "number_of_isolates",
    ],
)  # fmt: skip
def test_streams_and_properties_of_a_kernel_are_those_of_networkx(name, monkeypatch):
    for seed in range(40):
        count, edges = _edges(random.Random(f"{name} {seed}"), loops=name != "core_number")
        arguments = {key: Handle(0) for key in ACCELERATED[name].arguments if key in ("source", "n")}
        call = {
            **_arrays(count, edges, weighted=False),
            "name": name,
            "arguments": arguments,
            "edge_count": len(edges),
            "directed": "digraph" in ACCELERATED[name].graphs,
        }
        fast = [run(**call, write=False, stream=True), run(**call, write=True)]
        with monkeypatch.context() as patched:
            patched.setattr(run_module, "accelerated_answer", _refuse)
            slow = [run(**call, write=False, stream=True), run(**call, write=True)]
        for ours, theirs in zip(fast, slow, strict=True):
            assert ours.result.pop("backend") != theirs.result.pop("backend")
            assert ours.result.pop("backend_reason") != theirs.result.pop("backend_reason")
            assert _plainly(ours.result) == _plainly(theirs.result), (seed, count, edges)
            assert _columns(ours) == _columns(theirs), (seed, count, edges)


def _refuse(*_: Any) -> Any:
    raise NotAccelerated("compared")


def _columns(classified: Classified) -> Any:
    """Return the columns of a stream and the values of properties."""
    parts: list[Any] = [(column.name, column.type_name, list(column.values)) for column in classified.columns]
    parts += [(list(part.dense), part.type_name, list(part.values), part.suffix) for part in classified.nodes]
    return _plainly(parts)


def _plainly(value: Any) -> Any:
    """Return a value with dense ids for handles and numbers of eight digits."""
    text = json.dumps(value, default=lambda entry: entry.dense if isinstance(entry, Handle) else entry.item())
    return json.loads(text, parse_float=lambda number: f"{float(number):.8g}")


def test_the_result_says_who_computed_and_why():
    count, edges = 5, [(0, 1, 1.0), (0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), (3, 3, 1.0)]
    call = {"directed": None, "edge_count": len(edges), "write": False}
    arrays = _arrays(count, edges, weighted=False)
    fast = run(**arrays, name="pagerank", arguments={}, **call).result
    assert (fast["backend"], fast["backend_reason"]) == ("scipy", "computes exactly what NetworkX would")
    assert fast["graph"] == {"directed": True, "nodes": 5, "edges": 4, "parallel_edges_merged": 1}
    components = run(**arrays, name="connected_components", arguments={}, **call).result
    assert (components["backend"], components["count"]) == ("scipy", 3)
    assert components["graph"]["directed"] is False
    for name, arguments, reason in (
        ("voterank", {}, "no kernel computes this function"),
        ("betweenness_centrality", {"k": 2, "seed": 1}, "the kernel does not know the argument k"),
        ("clustering", {}, "no kernel computes it on directed graphs"),
        ("closeness_centrality", {"u": Handle(1)}, "the kernel does not know the argument u"),
    ):
        slow = run(**arrays, name=name, arguments=arguments, **call).result
        assert (slow["backend"], slow["backend_reason"]) == ("networkx", reason)


def test_no_convergence_is_explained():
    arrays = _arrays(3, [(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), (0, 2, 1.0)], weighted=False)
    call = {"directed": None, "edge_count": 4, "write": False}
    with pytest.raises(PlatformError, match="pagerank failed: PowerIterationFailedConvergence") as caught:
        run(**arrays, name="pagerank", arguments={"max_iter": 1, "tol": 1e-12}, **call)
    assert caught.value.code == "ALGORITHM_FAILED"


def test_the_page_lists_every_accelerated_function():
    page = (Path(__file__).parents[5] / "docs/reference/networkx-kernels.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    kinds = {("graph",): "undirected", ("digraph",): "directed"}
    assert rows == [
        [
            f"`{name}`",
            kinds.get(entry.graphs, "both"),
            ", ".join(f"`{argument}`" for argument in entry.arguments),
            "yes" if entry.weighted else "no",
            entry.backend,
        ]
        for name, entry in ACCELERATED.items()
    ]
