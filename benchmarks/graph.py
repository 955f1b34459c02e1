"""The benchmark graph: R-MAT shaped, fixed seed, in a DuckDB warehouse file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from graph_olap.models import EdgeDefinition, NodeDefinition, PrimaryKey, PropertyDefinition

__all__ = ["EDGES", "NODES", "SMALL_EDGES", "SMALL_NODES", "rmat", "write_warehouse"]

_SEED = 20130101
# Probabilities of the four quadrants, as in Graph500.
_A, _B, _C = 0.57, 0.19, 0.19

NODES = [
    NodeDefinition(
        label="Account",
        sql="SELECT id, name FROM accounts",
        primary_key=PrimaryKey(name="id", type="INT64"),
        properties=[PropertyDefinition(name="name", type="STRING")],
    )
]
EDGES = [
    EdgeDefinition(
        type="PAID",
        from_node="Account",
        to_node="Account",
        sql="SELECT src, dst, amount, paid_at FROM transfers",
        from_key="src",
        to_key="dst",
        properties=[PropertyDefinition(name="amount", type="DOUBLE"), PropertyDefinition(name="paid_at", type="INT64")],
    )
]

# A thousand nodes and five thousand edges of the same shape, for start-up times.
SMALL_NODES = [NODES[0].model_copy(update={"sql": "SELECT id, name FROM accounts WHERE id < 1000"})]
SMALL_EDGES = [
    EDGES[0].model_copy(
        update={
            "sql": "SELECT id % 1000 AS src, id * 7 % 1000 AS dst, id / 3 AS amount, id AS paid_at "
            "FROM accounts WHERE id < 5000"
        }
    )
]


def write_warehouse(path: Path, nodes: int, edges: int) -> None:
    """Write the tables ``accounts`` and ``transfers``; equal arguments give equal data."""
    random = np.random.default_rng(_SEED)
    source, target = rmat(random, nodes, edges)
    accounts = pa.table({"id": np.arange(nodes), "name": pa.array([f"account {number}" for number in range(nodes)])})
    transfers = pa.table(
        {
            "src": source,
            "dst": target,
            "amount": random.random(edges) * 1000,
            "paid_at": random.integers(1_600_000_000, 1_700_000_000, edges),
        }
    )
    with duckdb.connect(str(path)) as connection:
        connection.register("accounts_data", accounts)
        connection.register("transfers_data", transfers)
        connection.execute("CREATE TABLE accounts AS SELECT * FROM accounts_data")
        connection.execute("CREATE TABLE transfers AS SELECT * FROM transfers_data")


def rmat(random: np.random.Generator, nodes: int, edges: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of R-MAT edges."""
    source = np.zeros(edges, dtype=np.int64)
    target = np.zeros(edges, dtype=np.int64)
    for _ in range(max(nodes - 1, 1).bit_length()):
        quadrant = random.random(edges)
        source = source * 2 + (quadrant >= _A + _B)
        target = target * 2 + (((quadrant >= _A) & (quadrant < _A + _B)) | (quadrant >= _A + _B + _C))
    return source % nodes, target % nodes
