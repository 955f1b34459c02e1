"""Exported files as an export job would leave them, and their finalisation."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph_olap.models import EdgeDefinition, NodeDefinition
from graph_olap_server.snapshots.finalize import finalize_snapshot


@pytest.fixture
def node():
    """Make a node definition with one property ``p``."""

    def make(label="Person", key_type="STRING", property_type="INT64"):
        return NodeDefinition(
            label=label,
            sql="SELECT 1",
            primary_key={"name": "id", "type": key_type},
            properties=[{"name": "p", "type": property_type}],
        )

    return make


@pytest.fixture
def edge():
    """Make an edge definition with one property ``w``."""

    def make(kind="KNOWS", start="Person", end="Person"):
        return EdgeDefinition(
            type=kind, from_node=start, to_node=end, sql="SELECT 1", from_key="src", to_key="dst",
            properties=[{"name": "w", "type": "INT64"}],
        )  # fmt: skip

    return make


@pytest.fixture
def finalize():
    """Write tables as exported files into a folder and finalise them as snapshot 5."""

    def run(folder, nodes, edges, tables, mode="report"):
        (folder / "attempts").mkdir(parents=True, exist_ok=True)
        exported = {}
        for definition in [*nodes, *edges]:
            key = ("node", definition.label) if isinstance(definition, NodeDefinition) else ("edge", definition.type)
            exported[key] = folder / "attempts" / f"{key[0]}-{key[1]}-1.parquet"
            if tables is not None:
                table = tables[key[1]]
                pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), exported[key])
        return finalize_snapshot(
            folder,
            snapshot_id=5,
            mapping_id=3,
            mapping_version=2,
            node_definitions=nodes,
            edge_definitions=edges,
            on_bad_rows=mode,
            exported=exported,
        )

    return run
