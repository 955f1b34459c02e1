"""The arguments of a query, checked before it is sent, and the server's answer about them in the caller's words."""

from __future__ import annotations

import math
import re
from typing import Any, Dict

from graph_olap.exceptions import ValidationError

__all__ = ["check_query_arguments", "check_query_id", "in_seconds"]

_QUERY_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_MAX_CHARACTERS = 100_000


def check_query_arguments(cypher: Any, timeout: Any, max_rows: Any, query_id: Any) -> None:
    """Refuse what no server takes.

    Raises:
        ValidationError: Naming the argument, what was found and what is allowed.
    """
    if not isinstance(cypher, str):
        raise _wrong("cypher", f"must be the text of a query, not {cypher!r}")
    if not cypher.strip():
        raise _wrong("cypher", "is empty; write for example MATCH (n) RETURN n LIMIT 10")
    if len(cypher) > _MAX_CHARACTERS:
        raise _wrong("cypher", f"has {len(cypher):,} characters; {_MAX_CHARACTERS:,} are allowed. Use parameters")
    if timeout is not None and not (_is_number(timeout) and timeout >= 1):
        raise _wrong("timeout", f"must be a number of seconds from 1, not {timeout!r}")
    if max_rows is not None and not (_is_number(max_rows) and max_rows == int(max_rows) and 1 <= max_rows < 2**63):
        raise _wrong("max_rows", f"must be a whole number from 1, not {max_rows!r}")
    if query_id is not None and not (isinstance(query_id, str) and _QUERY_ID.fullmatch(query_id)):
        raise _wrong("query_id", f"must be 1 to 128 letters, digits and . _ : -, not {query_id!r}")


def check_query_id(query_id: Any) -> None:
    """Refuse what names no query.

    Raises:
        ValidationError: It is no text, or empty.
    """
    if not (isinstance(query_id, str) and query_id):
        raise _wrong("query_id", f"must be the name of a query, not {query_id!r}")


def in_seconds(error: ValidationError) -> ValidationError:
    """Return an error that speaks of ``timeout`` in seconds where the server spoke of ``timeout_ms``."""
    details = _translated(error.details)
    details["errors"] = [_translated(item) for item in details.get("errors") or []]
    message = f"timeout: {details['reason']}"
    return ValidationError(
        message, details, code=error.code, request_id=error.request_id, status_code=error.status_code
    )


def _translated(item: Dict[str, Any]) -> Dict[str, Any]:
    if item.get("field") != "timeout_ms":
        return item
    texts = {key: _seconds(item[key]) for key in ("reason", "message") if isinstance(item.get(key), str)}
    return {**item, **texts, "field": "timeout"}


def _seconds(text: str) -> str:
    return re.sub(r"-?\d+", lambda found: f"{int(found[0]) / 1000:.10g}", text) + ", in seconds"


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, str)):
        return False
    try:
        return math.isfinite(value)
    except (TypeError, OverflowError):
        return False


def _wrong(field: str, reason: str) -> ValidationError:
    return ValidationError(f"{field} {reason}.", {"field": field, "reason": reason})
