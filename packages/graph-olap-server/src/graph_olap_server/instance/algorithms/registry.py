"""Finding native algorithms by name and checking what a request gives them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from graph_olap_server.domain.errors import FieldProblem, PlatformError
from graph_olap_server.instance.algorithms.catalog import ALGORITHMS
from graph_olap_server.instance.algorithms.model import CATEGORIES, Algorithm

__all__ = ["ALGORITHMS", "CATEGORIES", "algorithm_not_found", "check_parameters", "find"]

_BY_NAME = {name: algorithm for algorithm in ALGORITHMS for name in (algorithm.name, *algorithm.aliases)}


def find(name: str) -> Algorithm:
    """Return an algorithm by name or alias, in any case.

    Raises:
        PlatformError: ``ALGORITHM_NOT_FOUND`` with near names.
    """
    algorithm = _BY_NAME.get(name.lower())
    if algorithm is None:
        raise algorithm_not_found(name, "native", _BY_NAME)
    return algorithm


def algorithm_not_found(name: str, kind: str, known: Mapping[str, Any]) -> PlatformError:
    """404 with up to five near names."""
    suggestions = difflib.get_close_matches(name.lower(), list(known), n=5, cutoff=0.5)
    hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else " List the algorithms to see all names."
    return PlatformError(
        "ALGORITHM_NOT_FOUND",
        f"There is no {kind} algorithm called {name[:100]}.{hint}",
        {"algorithm": name, "algorithm_type": kind, "suggestions": suggestions},
    )


def check_parameters(algorithm: Algorithm, given: Mapping[str, Any], problems: list[FieldProblem]) -> dict[str, Any]:
    """Return the effective parameters, defaults filled in; what is wrong is appended to ``problems``."""
    known = {parameter.name: parameter for parameter in algorithm.parameters}
    for name in given:
        if name not in known:
            allowed = ", ".join(known) or "none"
            problems.append((f"parameters.{name}", f"{algorithm.name} has no such parameter; allowed: {allowed}"))
    effective = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if (problem := parameter.problem(value)) is not None:
            problems.append((f"parameters.{name}", problem))
        effective[name] = value
    return effective
