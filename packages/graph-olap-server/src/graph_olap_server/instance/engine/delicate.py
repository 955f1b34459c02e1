"""What in a snapshot's file an engine is known to store wrongly, counted before anybody can read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["DelicateValues", "inspect_file", "smallest_values"]


@dataclass(slots=True)
class DelicateValues:
    """Counts of one column, over all levels of nesting; ``null_items`` are values of maps that are null.

    ``lowest`` and ``highest`` are those of its floating numbers other than NaN.
    """

    not_a_number: int = 0
    lowest: float | None = None
    highest: float | None = None
    nulls: int = 0
    fine_timestamps: bool = False
    null_items: int = 0

    @property
    def all_equal(self) -> bool:
        """Whether its numbers other than NaN are all the same one."""
        return self.lowest is not None and self.lowest == self.highest


def inspect_file(path: Path, columns: list[str]) -> dict[str, DelicateValues]:
    """Count NaN, nulls and sub-microsecond timestamps in columns of a Parquet file, a row group at a time."""
    found = {name: DelicateValues() for name in columns}
    if columns:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns)
                for name, values in found.items():
                    for chunk in table.column(name).chunks:
                        _inspect(chunk, values)
    return found


def smallest_values(path: Path, columns: list[str]) -> dict[str, str]:
    """Return the columns that hold the smallest value of their integer type, or the UUID of zeros, with that value.

    Read from the file's statistics, so it costs nothing.
    """
    found: dict[str, str] = {}
    metadata = pq.read_metadata(path)
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            name = column.path_in_schema.split(".")[0]
            if name in columns and column.statistics is not None and column.statistics.has_min_max:
                smallest = str(column.statistics.min)
                if smallest in _SMALLEST:
                    found[name] = smallest
    return found


_SMALLEST = {*(str(-(2 ** (bits - 1))) for bits in (8, 16, 32, 64)), "00000000-0000-0000-0000-000000000000"}


_FINER = r"\.\d{6}\d*[1-9]"


def _inspect(array: pa.Array, found: DelicateValues) -> None:
    found.nulls += array.null_count
    if pa.types.is_floating(array.type):
        found.not_a_number += pc.sum(pc.is_nan(array)).as_py() or 0
        _extend(found, array)
    elif pa.types.is_string(array.type):
        found.fine_timestamps |= bool(pc.any(pc.match_substring_regex(array, _TIMESTAMP)).as_py())
    elif pa.types.is_map(array.type):
        _inspect(array.keys, found)
        _inspect(array.items, found)
        found.null_items += array.items.null_count
    elif pa.types.is_struct(array.type):
        for child in array.flatten():
            _inspect(child, found)
    elif pa.types.is_nested(array.type):
        _inspect(array.flatten(), found)


def _extend(found: DelicateValues, array: pa.Array) -> None:
    numbers = array.filter(pc.invert(pc.is_nan(array)))
    if len(numbers) > numbers.null_count:
        ends = pc.min_max(numbers).as_py()
        found.lowest = min(ends["min"], ends["min"] if found.lowest is None else found.lowest)
        found.highest = max(ends["max"], ends["max"] if found.highest is None else found.highest)


_TIMESTAMP = r"^\d{4,}-\d\d-\d\d[ T]\d\d:\d\d:\d\d" + _FINER
