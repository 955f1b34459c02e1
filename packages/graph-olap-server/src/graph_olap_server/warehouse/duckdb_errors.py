"""DuckDB's error texts in one plain sentence each."""

from __future__ import annotations

import re

import duckdb

from graph_olap_server.warehouse.base import WarehouseError

__all__ = ["plain_sentence", "to_warehouse_error"]

_KIND = re.compile(r"^(?:_?duckdb\.)?[A-Z][A-Za-z]*(?: [A-Z][A-Za-z]*)* (?:Error|Exception): ")
_LINE = re.compile(r"\n+LINE (\d+): ")


def to_warehouse_error(error: Exception, action: str = "The query failed", *, own_text: bool = True) -> WarehouseError:
    """Turn an error of DuckDB, or of an Arrow stream that DuckDB feeds, into one for an analyst.

    Args:
        error: What was raised.
        action: What was being done, as the beginning of the sentence.
        own_text: Whether positions in the error refer to the analyst's own text; others are left out.
    """
    text = str(error) if own_text else _LINE.split(str(error), maxsplit=1)[0]
    if isinstance(error, duckdb.InterruptException) or text.startswith("INTERRUPT"):
        return WarehouseError("The query was cancelled.", retryable=True)
    if "file system operations are disabled" in text:
        return WarehouseError(
            f"{action}: SQL of a mapping may read the warehouse's tables only, not files or addresses{_position(text)}."
        )
    retryable = isinstance(error, duckdb.IOException | duckdb.ConnectionException)
    return WarehouseError(f"{action}: {plain_sentence(text)}", retryable=retryable)


def plain_sentence(text: str) -> str:
    r"""Return the first line of a DuckDB error without its class, with suggestions and position.

    Example:
        >>> plain_sentence('Catalog Error: Table with name tt does not exist!\nDid you mean "t"?')
        'Table with name tt does not exist. Did you mean "t"?'
    """
    lines = [line.strip() for line in _LINE.split(text, maxsplit=1)[0].splitlines() if line.strip()]
    first = _KIND.sub("", lines[0]) if lines else "unknown reason"
    first = first.rstrip("!.").replace('""', '"')
    hints = [line for line in lines[1:] if line.startswith(("Did you mean", "Candidate bindings"))]
    sentence = f"{first}{_position(text)}."
    return " ".join([sentence, *(hint if hint.endswith("?") else f"{hint}." for hint in hints)])


def _position(text: str) -> str:
    """Read line and column from DuckDB's excerpt: ``LINE 2: ...`` over a line with a caret."""
    match = _LINE.search(text)
    if match is None:
        return ""
    excerpt = text[match.start() :].lstrip("\n").splitlines()
    prefix = len(f"LINE {match.group(1)}: ")
    caret = excerpt[1].find("^") - prefix + 1 if len(excerpt) > 1 and "^" in excerpt[1] else 0
    if caret < 1 or excerpt[0][prefix:].startswith("..."):  # a long line is cut, its columns are not the query's
        return f" (line {match.group(1)})"
    return f" (line {match.group(1)}, column {caret})"
