"""Writing one value per node back into the graph."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.engine.base import GraphEngine
from graph_olap_server.logs import event

__all__ = ["write_values"]

_log = logging.getLogger(__name__)


def write_values(
    engine: GraphEngine,
    name: str,
    type_name: str,
    dense: NDArray[np.int64],
    values: pa.Array,
    starts: Mapping[str, int],
    sizes: Mapping[str, int],
) -> int:
    """Write ``values`` to the nodes with the given dense ids (ascending), label by label; return how many were set.

    Each label is one transaction of the engine. When a later label fails, a property that this call created on earlier
    ones is removed again.
    """
    before = {table.label: set(table.properties) for table in engine.schema().node_tables}
    created: list[str] = []
    written = 0
    try:
        for label, start in starts.items():
            first, last = np.searchsorted(dense, [start, start + sizes[label]])
            if first == last:
                continue
            offsets = pa.array(dense[first:last] - start)
            part: Any = values.slice(int(first), int(last - first))
            written += engine.write_node_property(label, name, type_name, offsets, part)
            if name not in before[label]:
                created.append(label)
    except PlatformError:
        for label in created:
            engine.drop_node_property(label, name)
        event(_log, "write_back_undone", level=logging.WARNING, property=name, labels=created)
        raise
    return written
