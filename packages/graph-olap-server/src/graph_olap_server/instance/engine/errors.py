"""The engines' error texts in an analyst's words: a kind, a sentence, a position and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.dialects import function_instead, meaning_instead, words_instead

__all__ = ["is_interruption", "translate", "write_failed"]


def is_interruption(text: str) -> bool:
    """Tell whether an engine's error says that the statement was stopped from outside or by its time limit."""
    return text.strip().rstrip(".") in ("Interrupted", "Query interrupted") or "Interrupted" in text[:40]


def translate(text: str, statement: str, catalog: Catalog, position: Callable[[int], int]) -> PlatformError:
    """Turn an engine's error text into the error a client sees.

    Args:
        text: What the engine said.
        statement: The statement as the analyst wrote it.
        catalog: For near matches of unknown names.
        position: From an offset in the text that the engine ran to the offset in ``statement``.
    """
    prefix, _, rest = text.partition(" exception: ")
    kind = _KINDS.get(prefix.strip().lower(), "runtime") if rest else "runtime"
    body = " ".join((rest or text).split())
    if "read-only transaction" in body:
        message = "The statement would change the graph, which a query may not do: queries only read."
        return cypher_error("write_not_allowed", message, statement)
    if kind == "syntax":
        return _syntax(rest, statement, position)
    if kind == "engine":
        return cypher_error(kind, _engine_message(body), statement)
    if match := _BUFFER.search(body):
        return cypher_error("engine", _engine_message(match.group()), statement)
    message, name = _explain(body, statement, catalog)
    found = re.search(rf"(?<![\w`]){re.escape(name)}(?!\w)", statement) if name else None
    return cypher_error(kind, message, statement, found.start() if found else None)


def write_failed(text: str) -> PlatformError | None:
    """Say what to do when the engine has not enough memory to write a result; ``None`` for any other failure."""
    if not _BUFFER.search(text):
        return None
    message = (
        "The result needs more memory than the engine has, so nothing was written. Give the instance more memory, "
        "write fewer or shorter values, or get them with mode stream."
    )
    return PlatformError("ALGORITHM_FAILED", message, {"reason": "out of memory"})


_KINDS = {
    "parser": "syntax",
    "binder": "binder",
    "catalog": "binder",
    "conversion": "runtime",
    "runtime": "runtime",
    "overflow": "runtime",
    "interrupt": "runtime",
    "buffer manager": "engine",
    "io": "engine",
    "internal": "engine",
    "storage": "engine",
    "transaction manager": "engine",
    "checkpoint": "engine",
    "copy": "runtime",
    "connection": "syntax",
}
_BUFFER = re.compile(r"[Bb]uffer manager[^.]*")
_UNPLANNABLE = re.compile(r"unordered_map::at|Cannot evaluate expression with type|contains nested aggregation")
_NOT_FORESEEN = (
    "The engine cannot run this combination of functions and values. Compute parts of it in a WITH before, each under "
    "a name, or return them and combine them outside."
)
_NO_PLAN = (
    "The engine has no plan for this combination. Return an aggregate of WITH once and do not aggregate it again "
    "without a group; compare id(...) of two MATCH clauses in a WHERE of its own, after WITH."
)
_PLACE = re.compile(r"\(line: (\d+), offset: (\d+)\)")
_TABLE = re.compile(r"Table (\S+) does not exist|Cannot find table or graph named as (\S+?)\.?$")
_IN_WORDS = (
    (r"Table (\S+) doesn't have an index with name (\S+?)\.", "{0} has no index {1}. {indexes}"),
    (r"\d+_(\S+)_terms does not exist in catalog", "The index {0} is not one of words (fulltext). {indexes}"),
    (r"_\d+_(\S+)_UPPER does not exist in catalog", "The index {0} is not one of vectors. {indexes}"),
    (r"(\S+) is not of type NODE", "{0} is no label of nodes, which alone have indexes. {indexes}"),
    (
        r"incorrect list entry to ARRAY\. Expected: (\d+), Actual: (\d+)",
        "A list of {1} values stands where an array of {0} is needed.",
    ),
)
_INDEXES = "CALL show_indexes() RETURN * lists them."
_PROPERTY = re.compile(r"Cannot find property (\S+) for (\S+?)\.?$")
_FUNCTION = re.compile(r"function (\S+) (?:does not exist|is not defined)")
_VARIABLE = re.compile(r"Variable (\S+) is not in scope")
_DUPLICATE = re.compile(r"Multiple result column with the same name (.+) are not supported")
_SIGNATURE = re.compile(r"(?:Cannot match a built-in function for given function |Function )([^\s(]+)(.*)")
_FUNCTIONS = (
    *("abs", "avg", "ceil", "coalesce", "collect", "contains", "count", "date", "date_part", "floor", "id", "label"),
    *(
        "labels",
        "length",
        "list_sort",
        "lower",
        "ltrim",
        "max",
        "min",
        "nodes",
        "offset",
        "properties",
        "rels",
        "round",
    ),
    *("rtrim", "size", "sqrt", "string_split", "substring", "sum", "timestamp", "tostring", "trim", "type", "upper"),
)


def _syntax(body: str, statement: str, position: Callable[[int], int]) -> PlatformError:
    match = _PLACE.search(body)
    if match is None:
        return cypher_error("syntax", "The query cannot be read. Check its clauses and brackets.", statement)
    # The offset is that of a character within its line; the engine ran a text with the same lines.
    line, column = int(match.group(1)), int(match.group(2))
    lines = statement.splitlines(keepends=True)
    start = sum(len(text) for text in lines[: line - 1])
    offset = min(position(start + column), len(statement))
    rest = statement[offset:].split(maxsplit=1)
    near = f"near {rest[0][:40]!r}" if rest else "at its end"
    shown = offset - (statement.rfind("\n", 0, offset) + 1) + 1
    instead = words_instead(statement[offset:])
    hint = f"Write {instead}" if instead else "Check what stands before that place"
    message = f"The query cannot be read {near} (line {line}, column {shown}). {hint}."
    return cypher_error("syntax", message, statement, offset)


def _explain(body: str, statement: str, catalog: Catalog) -> tuple[str, str | None]:
    if _UNPLANNABLE.search(body):
        return _NO_PLAN, None
    if "Assertion failed in file" in body:
        return _NOT_FORESEEN, None
    if match := _TABLE.search(body):
        name = match.group(1) or match.group(2)
        known = [*catalog.nodes, *catalog.edges]
        return f"The graph has no label or relationship type {name}.{_near(name, known, 'It has')}", name
    for pattern, words in _IN_WORDS:
        if match := re.search(pattern, body):
            return words.format(*match.groups(), indexes=_INDEXES), None
    if match := _PROPERTY.search(body):
        name, variable = match.group(1), match.group(2)
        known = _properties_of(variable, statement, catalog)
        return f"There is no property {name} on {variable}.{_near(name, known, 'Known properties are')}", name
    if match := _FUNCTION.search(body):
        name = match.group(1).lower()
        other = function_instead(name)
        instead = f" Write {other}." if other else _near(name, _FUNCTIONS, "")
        return f"The engine has no function {name}.{instead}", None
    if other := meaning_instead(body, statement):
        return other, None
    if match := _VARIABLE.search(body):
        return (
            f"The variable {match.group(1)} is not known at this place. Bind it in MATCH, UNWIND or WITH.",
            match.group(1),
        )
    if match := _DUPLICATE.search(body):
        return f"Two result columns are called {match.group(1)}. Name one of them with AS.", None
    if match := _SIGNATURE.search(body):
        arguments = re.search(r"(?:Actual: +)?(\([^()]*(?:\([^()]*\)[^()]*)*\))", match.group(2))
        given = f" the types {arguments.group(1)}" if arguments else " these arguments"
        return f"{match.group(1)} does not accept{given}. Convert a value with CAST(value AS TYPE).", None
    sentence = re.split(r"(?<=[.!?]) |Supported inputs|Expected:", body, maxsplit=1)[0].strip()
    if len(body) <= 240:
        sentence = body
    return (sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."), None


def _properties_of(variable: str, statement: str, catalog: Catalog) -> list[str]:
    """Return the properties of the labels or types that the pattern of a variable names, else of all."""
    entries = {**catalog.nodes, **catalog.edges}
    patterns = re.findall(rf"[(\[]\s*{re.escape(variable)}\s*:\s*([^)\]{{*]+)", statement)
    named = [entries[name] for name in re.findall(r"[^\s`:|]+", " ".join(patterns)) if name in entries]
    return list(dict.fromkeys(key for entry in named or entries.values() for key in entry.properties))


def _near(name: str, known: Iterable[str], listing: str) -> str:
    names = list(known)
    folded = {candidate.lower(): candidate for candidate in names}
    close = [folded[key] for key in difflib.get_close_matches(name.lower(), list(folded), 3, 0.6)]
    if close:
        return f" Did you mean {' or '.join(close)}?"
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    return f" {listing} {shown}." if listing and names else ""


def _engine_message(body: str) -> str:
    if _BUFFER.search(body) or "memory" in body.lower():
        return (
            "The query needs more memory than the instance has. Return less, aggregate, or raise the instance's memory."
        )
    return "The graph engine failed on this query. Try again; if it fails again, restart the instance."
