"""What a function of the library raised, in words that say what to do next."""

from __future__ import annotations

import networkx as nx

from graph_olap_server.domain.errors import PlatformError

__all__ = ["REFUSALS", "refusal"]

# What functions of the library raise about their input; MemoryError is the worker's to explain.
REFUSALS = (
    nx.NetworkXException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)

_APART = ("connected", "infinite path length", "not reachable")


def refusal(name: str, error: Exception | str, *, directed: bool = False, missing: str = "") -> PlatformError:
    """Return the error that a caller of the function gets.

    Args:
        name: The function.
        error: What it raised, or a reason in words.
        directed: Whether the function also takes a graph without directions but got one with them.
        missing: Says which nodes have no value of a property that it was given.
    """
    reason = error if isinstance(error, str) else f"{type(error).__name__}: {_text(error)}"
    hint = f"conn.networkx.algorithm_info('{name}') describes the graph and the arguments it takes."
    if "self loops" in reason:
        reason = reason.partition("; Consider")[0]  # code for who holds the graph in a variable
        hint = (
            "Leave self-loops out with subgraph_query='MATCH (a)-->(b) WHERE id(a) <> id(b) RETURN a AS source, "
            "b AS target'."
        )
    elif isinstance(error, nx.PowerIterationFailedConvergence):
        hint = "Raise max_iter or tol."
    elif isinstance(error, nx.NetworkXException) and any(words in _text(error).lower() for words in _APART):
        hint = "Select one connected part with subgraph_query, for example by a component that conn.algo.wcc wrote."
        if directed:
            hint = f"With directed=False directions do not count. {hint}"
    elif isinstance(error, Exception) and missing:
        hint = f"{missing}: leave them out with subgraph_query. {hint}"
    elif isinstance(error, Exception) and not isinstance(error, nx.NetworkXException) and directed:
        hint = f"It got a graph with directions; with directed=False these do not count. {hint}"
    sentence = reason if reason.endswith((".", "!", "?")) else f"{reason}."
    return PlatformError("ALGORITHM_FAILED", f"{name} failed: {sentence} {hint}", {"reason": reason, "hint": hint})


def _text(error: Exception) -> str:
    """Return the text of an exception; of several arguments the last one is the sentence."""
    return " ".join(str(error.args[-1] if error.args else error).split())
