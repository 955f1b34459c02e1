"""Errors as a notebook shows them: the analyst's own lines, what went wrong, and the place in the query."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, List, Optional

from graph_olap._environment import ipython_shell

if TYPE_CHECKING:
    from graph_olap.exceptions import GraphOLAPError

__all__ = ["FULL_TRACEBACK_VARIABLE", "notebook_traceback"]

FULL_TRACEBACK_VARIABLE = "GRAPH_OLAP_FULL_TRACEBACK"
"""Set to ``true`` to see every frame of the SDK and of the libraries below it again."""

_PACKAGE = str(Path(__file__).parent) + os.sep
_SHELLS = tuple(f"{os.sep}{name}{os.sep}" for name in ("IPython", "ipykernel"))
_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


def notebook_traceback(error: GraphOLAPError) -> Optional[List[str]]:
    """Return the lines that IPython prints for an error, or ``None`` to leave that to IPython.

    The frames inside of the SDK and below it are left out; the lines of the analyst's own code stay.
    """
    if os.environ.get(FULL_TRACEBACK_VARIABLE, "").lower() in ("true", "1"):
        return None
    lines = list(_own_lines(error))
    lines.append(f"{_RED}{type(error).__name__}{_PLAIN}: {error}")
    return [*lines, *_place_in_query(error)]


def _own_lines(error: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(_PACKAGE):
            return
        if any(part in frame.filename for part in _SHELLS):
            continue
        where = _cell(frame.filename) or frame.filename
        inside = "" if frame.name.startswith("<") else f" in {frame.name}"
        yield f"{where}, line {frame.lineno}{inside}"
        if frame.line:
            yield f"    {frame.line}"


def _cell(filename: str) -> Optional[str]:
    """Return how IPython calls the cell that a file stands for: ``Cell In[3]``."""
    compiler: Any = getattr(ipython_shell(), "compile", None)
    named = compiler.format_code_name(filename) if hasattr(compiler, "format_code_name") else None
    return " ".join(named) if named else None


def _place_in_query(error: GraphOLAPError) -> Iterator[str]:
    query, position = error.details.get("query"), error.details.get("position")
    if not isinstance(query, str) or not isinstance(position, int) or not 0 <= position <= len(query):
        return
    start = query.rfind("\n", 0, position) + 1
    line = query[start:].split("\n", 1)[0]
    yield f"    {line}"
    yield "    " + "".join(" " if character != "\t" else "\t" for character in query[start:position]) + "^"
