"""The server's part of results: primary keys in place of handles, Arrow columns and tables."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.networkx_bridge.values import JSON_TEXT, Column, EdgeValues, Handle, NodeValues
from graph_olap_server.instance.nodes import NodeReferences

__all__ = ["arrow_column", "named", "property_type", "table_of", "with_keys"]

_HANDLE = re.compile(r"<node (\d+)>")
_ARROW_TYPES = {
    "BOOL": pa.bool_(),
    "INT64": pa.int64(),
    "DOUBLE": pa.float64(),
    "STRING": pa.string(),
    "LIST<DOUBLE>": pa.list_(pa.float64()),
}


def named(value: Any, references: NodeReferences) -> Any:
    """Replace handles by node references."""
    if isinstance(value, Handle):
        return references.reference(value.dense)
    if isinstance(value, dict):
        return {key: named(entry, references) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [named(entry, references) for entry in value]
    return value


def with_keys(error: PlatformError, references: NodeReferences) -> PlatformError:
    """Return an error of the library with primary keys in place of handles."""

    def replaced(text: str) -> str:
        return _HANDLE.sub(lambda found: repr(references.reference(int(found[1]))["key"]), text)

    details = {
        name: replaced(value) if isinstance(value, str) else value for name, value in (error.details or {}).items()
    }
    return PlatformError(error.code, replaced(error.message), details)


def property_type(part: NodeValues | EdgeValues) -> str:
    """Return the type of the property that holds values."""
    return "STRING" if part.type_name == JSON_TEXT else part.type_name


def arrow_column(part: NodeValues | EdgeValues | Column, references: NodeReferences) -> pa.Array:
    """Return values as Arrow; those without an own type as JSON text."""
    if part.type_name != JSON_TEXT:
        return pa.array(part.values, _ARROW_TYPES[part.type_name])
    texts = [None if value is None else json.dumps(named(value, references)) for value in part.values]
    return pa.array(texts, pa.string())


def table_of(columns: Sequence[Column], references: NodeReferences) -> pa.Table:
    """Return a whole result as a table, nodes named as in those of native algorithms."""
    found: dict[str, pa.Array] = {}
    for column in columns:
        if column.type_name != "NODE":
            found[column.name] = arrow_column(column, references)
            continue
        ids, labels, keys = references.columns(np.asarray(column.values, np.int64))
        if column.offsets is not None:
            found[column.name] = pa.LargeListArray.from_arrays(pa.array(column.offsets), keys)
        elif column.name == "node":
            found |= {"_id": ids, "_label": labels, "key": keys}
        else:
            found |= {f"{column.name}_label": labels, column.name: keys}
    return pa.table(found)
