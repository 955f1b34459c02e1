"""From a warehouse URL to its adapter."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from graph_olap_server.warehouse.base import Warehouse, WarehouseError
from graph_olap_server.warehouse.duckdb import DuckDBFile, DuckDBFolder
from graph_olap_server.warehouse.none import NoWarehouse

__all__ = ["open_warehouse"]

_FORMS = "duckdb:///path/file.duckdb, or duckdb:///folder/ of Parquet and CSV files"


def open_warehouse(url: str | None, scratch: Path | None = None) -> Warehouse:
    """Open the warehouse that a URL names; ``None`` gives one without tables, so that a platform can start.

    Args:
        url: Warehouse URL.
        scratch: Folder for data that does not fit into memory, made when it is needed; by default one of our own in the
            system's temporary folder, which a killed process leaves behind.

    Raises:
        WarehouseError: The scheme is unknown, or the file or folder is missing, unreadable, locked or no database.
    """
    if url is None:
        return NoWarehouse()
    scheme, separator, rest = url.partition("://")
    if not separator:
        hint = f"Write duckdb://{Path(url).resolve()}" if Path(url).exists() else f"Write {_FORMS}"
        raise WarehouseError(f"The warehouse {url!r} is not a URL. {hint}.")
    if scheme.lower() != "duckdb":
        raise WarehouseError(f"The warehouse {url} has the unknown scheme {scheme}. Use {_FORMS}.")
    if not rest.startswith("/"):
        raise WarehouseError(f"The warehouse {url} has no absolute path. Write three slashes: {_FORMS}.")
    try:
        path = _path(rest)
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise WarehouseError(f"The warehouse {url} cannot be looked at: {error.strerror}. Check the path.") from error
    if is_folder:
        return DuckDBFolder(url, path, scratch)
    if not exists:
        kind = "folder" if rest.endswith("/") else "file"
        raise WarehouseError(f"The warehouse {url} does not exist: there is no {kind} {path}. Check the path.")
    return DuckDBFile(url, path, scratch)


def _path(text: str) -> Path:
    """Find the file or folder that a URL's path means.

    An absolute path wins, as in ``file:///``; where there is none, the same text below the working folder counts, as
    users of SQLAlchemy's ``sqlite:///relative.db`` expect. Percent-escapes are decoded unless such a name exists.
    """
    names = (text, unquote(text))
    candidates = [Path(name) for name in names] + [Path.cwd() / name.lstrip("/") for name in names if name.strip("/")]
    return next((path for path in candidates if path.exists()), candidates[1])
