"""The embedded platform: one call starts a private Graph OLAP on this machine."""

from __future__ import annotations

import getpass
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union
from typing import Mapping as MappingType

from graph_olap._embedded import EmbeddedProcess
from graph_olap._environment import in_notebook, on_terminal
from graph_olap._optional import installed, require
from graph_olap._waiting import Deadline
from graph_olap.client import GraphOLAPClient
from graph_olap.config import Config

__all__ = ["local", "local_url", "system_user"]

Source = Union[str, "os.PathLike[str]", MappingType[str, Any], None]
"""A DuckDB file, a folder of Parquet and CSV files, a warehouse URL, or DataFrames by table name."""

_FRAMES = "frames"
_REFRESH_SECONDS = 10.0

_lock = threading.Lock()
_running: Dict[Tuple[Optional[str], Optional[str]], EmbeddedProcess] = {}


def local(
    warehouse: Source = None,
    *,
    data_dir: Union[str, os.PathLike[str], None] = None,
    username: Optional[str] = None,
    role: Optional[str] = None,
    timeout: float = 30.0,
    max_retries: int = 3,
) -> GraphOLAPClient:
    """Start a platform of your own on this machine and connect to it; needs the package ``graph-olap-server``.

    The platform is a process beside this one. It stops, with all its graphs, when this process ends: at exit, when a
    kernel restarts, and also when this process is killed. A second call finds it again: without ``warehouse`` the one
    started last, with the same ``warehouse`` and ``data_dir`` the one that serves it. DataFrames given later add
    tables to those given before, or replace them.

    Args:
        warehouse: A DuckDB file, a folder of Parquet and CSV files, a URL such as ``"duckdb:///data/my.duckdb"``, or
            a dictionary of DataFrames (polars, pandas or ``pyarrow.Table``) by table name. Without it there are no
            tables, and a mapping's SQL brings its own values.
        data_dir: Folder that keeps mappings and snapshots for the next time; by default a temporary one, which is
            removed at the end.
        username: Who you are; by default the name of the operating system's user.
        role: ``"analyst"``, ``"admin"`` or ``"ops"``; the server's default when left out.
        timeout: Seconds to wait for an answer to one request.
        max_retries: How often a failed request may be repeated.

    Returns:
        The client, which is also what :func:`graph_olap.notebook.get_client` returns.

    Raises:
        ImportError: ``graph-olap-server`` is not installed; the message holds the command that installs it.
        ValueError: There is no such file or folder, or a table's name is no name.
        TypeError: A table is no DataFrame.
        ConnectionError: The platform did not start; the message says why.

    Example:
        >>> import graph_olap, polars as pl
        >>> client = graph_olap.local({"people": pl.DataFrame({"id": [1, 2], "name": ["Ada", "Bob"]})})
        >>> [column.column_name for column in client.schema.search_columns("name")]
        ['name']
    """
    _require_server()
    from graph_olap.notebook import use

    with _lock:
        platform = _platform(warehouse, data_dir)
    # Keys and addresses in the environment are for other platforms than this one.
    return use(
        Config(platform.url, username=username or system_user(), role=role, timeout=timeout, max_retries=max_retries)
    )


def local_url() -> Optional[str]:
    """Return the address of the embedded platform that this process started last, ``None`` when none runs."""
    running = [platform for platform in _running.values() if platform.is_running]
    return running[-1].url if running else None


def system_user() -> str:
    """Return the name of the operating system's user; containers may run under a number without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user-{os.getuid()}"


def _require_server() -> None:
    if installed("graph_olap_server"):
        return
    version = "" if sys.version_info >= (3, 11) else " (it needs Python 3.11 or newer)"
    raise ImportError(
        f"graph_olap.local() needs the package graph-olap-server{version}, which is not installed: "
        "pip install graph-olap-server"
    )


def _platform(warehouse: Source, data_dir: Union[str, os.PathLike[str], None]) -> EmbeddedProcess:
    for key in [key for key, platform in _running.items() if not platform.is_running]:
        del _running[key]
    kept = None if data_dir is None else Path(data_dir).expanduser().resolve()
    if warehouse is None and kept is None and _running:
        return list(_running.values())[-1]
    if isinstance(warehouse, MappingType):
        return _platform_of_frames(warehouse, kept)
    url = None if warehouse is None else _warehouse_url(warehouse)
    return _start((url, _text(kept)), url, kept, None, url or "no tables")


def _platform_of_frames(frames: MappingType[str, Any], kept: Optional[Path]) -> EmbeddedProcess:
    tables = {name: _arrow(name, frame) for name, frame in frames.items()}
    if not tables:
        raise ValueError("No table was given; pass at least one, for example local({'people': frame}).")
    known = _running.get((_FRAMES, _text(kept)))
    folder = EmbeddedProcess.make_folder() if known is None else known.folder
    (folder / "tables").mkdir(exist_ok=True)
    for name, table in tables.items():
        _write(folder / "tables", name, table)
    if known is not None:
        _read_metadata_again(known.url)
        return known
    names = ", ".join(tables)
    return _start((_FRAMES, _text(kept)), f"duckdb://{folder / 'tables'}/", kept, folder, f"the tables {names}")


def _read_metadata_again(url: str) -> None:
    # Queries see a new table at once; only what client.schema shows is read in the background.
    with GraphOLAPClient.from_config(Config(url, username="local", role="admin")) as client:
        before = client.schema.get_stats().last_refresh
        client.schema.admin_refresh()
        deadline = Deadline(_REFRESH_SECONDS, poll_interval=0.2)
        while client.schema.get_stats().last_refresh == before and not deadline.passed:
            time.sleep(deadline.next_delay())


def _start(
    key: Tuple[Optional[str], Optional[str]],
    url: Optional[str],
    kept: Optional[Path],
    folder: Optional[Path],
    what: str,
) -> EmbeddedProcess:
    if key in _running:
        _running[key] = _running.pop(key)  # the last one asked for comes last
        return _running[key]
    platform = _running[key] = EmbeddedProcess(url, kept, folder)
    if in_notebook() or on_terminal():
        where = f"its data stays in {kept}" if kept is not None else "its data goes with it"
        print(
            f"Started Graph OLAP at {platform.url} on {what}. It stops when this session ends; {where}.",
            file=sys.stdout if in_notebook() else sys.stderr,  # what goes to stderr looks like an error in a notebook
        )
    return platform


def _warehouse_url(warehouse: Union[str, os.PathLike[str]]) -> str:
    if isinstance(warehouse, str) and "://" in warehouse:
        return warehouse
    path = Path(warehouse).expanduser().resolve()
    if not path.exists():
        raise ValueError(
            f"There is no file or folder {path}; name a DuckDB file, or a folder of Parquet and CSV files."
        )
    return f"duckdb://{path}/" if path.is_dir() else f"duckdb://{path}"


def _arrow(name: str, frame: Any) -> Any:
    if not isinstance(name, str) or not name.strip() or name.startswith(".") or set(name) & set("/\\\0"):
        raise ValueError(f"{name!r} cannot be the name of a table; use letters, digits and _.")
    pyarrow = require("pyarrow", "dataframe")
    if isinstance(frame, pyarrow.Table):
        return frame
    package = type(frame).__module__.partition(".")[0]
    if package == "pandas" and hasattr(frame, "columns"):
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    if hasattr(frame, "collect"):  # a lazy frame of polars
        frame = frame.collect()
    if hasattr(frame, "to_arrow"):
        table = frame.to_arrow()
        if isinstance(table, pyarrow.Table):
            return table
    raise TypeError(
        f"The table {name!r} is a {type(frame).__name__}; pass a polars or pandas DataFrame or a pyarrow.Table."
    )


def _write(folder: Path, name: str, table: Any) -> None:
    # Renamed into place, so that the platform never reads half a file.
    parquet = require("pyarrow.parquet", "dataframe")
    unfinished = folder / f".{name}"
    parquet.write_table(table, unfinished)
    unfinished.replace(folder / f"{name}.parquet")


def _text(path: Optional[Path]) -> Optional[str]:
    return None if path is None else str(path)
