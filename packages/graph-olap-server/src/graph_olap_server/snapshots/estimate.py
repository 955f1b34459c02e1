"""How large a snapshot file will be, from the first rows of its export."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from graph_olap_server.snapshots.writer import COMPRESSION
from graph_olap_server.warehouse.base import RowStream

__all__ = ["bytes_per_row"]


def bytes_per_row(stream: RowStream) -> float:
    """Write the first batch of an export into memory and return its bytes per row; 0 without rows."""
    batch = next(iter(stream), None)
    if batch is None or batch.num_rows == 0:
        return 0.0
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_batches([batch]), sink, compression=COMPRESSION, version="2.6")
    return float(sink.getvalue().size) / int(batch.num_rows)
