"""Algorithms that say how densely nodes are connected."""

from __future__ import annotations

from graph_olap_server.instance.algorithms.kernels import clustering
from graph_olap_server.instance.algorithms.model import Algorithm, Cost

__all__ = ["ALGORITHMS"]

ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        name="kcore",
        display_name="K-core decomposition",
        category="clustering",
        description="Largest k for which a node lies in the k-core: the part where every node has k neighbours.",
        long_description="Direction, parallel edges and self-loops do not count.",
        kernel=clustering.kcore,
        property_type="INT64",
        value="core number",
        self_loops=False,
        aliases=("k_core", "core_number"),
        complexity="O(n + m)",
        backend="icebug",
        cost=Cost(lambda n, m, p: 3e-8 * (n + m), 24, 16),
        source="V. Batagelj, M. Zaversnik: An O(m) algorithm for cores decomposition of networks. arXiv cs/0310049.",
    ),
    Algorithm(
        name="triangle_count",
        display_name="Triangle count",
        category="clustering",
        description="Number of triangles a node is part of.",
        long_description="Direction, parallel edges and self-loops do not count.",
        kernel=clustering.triangle_count,
        property_type="INT64",
        value="triangles through the node",
        self_loops=False,
        aliases=("triangles",),
        complexity="O(m * sqrt(m))",
        backend="icebug",
        cost=Cost(lambda n, m, p: 4e-9 * m * max(1.0, m**0.5) ** 0.8, 24, 16),
        source="M. Latapy: Main-memory triangle computations for very large sparse graphs. TCS 407, 2008.",
    ),
)
