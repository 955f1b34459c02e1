"""Properties of one name with different types under two labels, where the engines' results cannot be trusted.

The engines give a column one type. In a node or relationship column they cast such a property to a common type (STRING,
DOUBLE): that is undone where it is exact and refused where it is not. In paths and in lists of nodes or relationships
they read the bytes as the wrong type, which gives garbage or worse: such a column is refused before it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.encoding import PropertyLists, ValueType, contract_name
from graph_olap_server.instance.encoding.types import contains
from graph_olap_server.instance.engine.catalog import Catalog
from graph_olap_server.instance.engine.convert import value_type_of

__all__ = ["Conflicts", "property_lists"]

_Types = Mapping[str, Mapping[str, ValueType]]
_INTEGERS = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)) | {"INT128"}
_TEXT_EXACT = frozenset({"STRING", "BOOL", "DATE", "UUID", "TIMESTAMP"}) | _INTEGERS
_EXACT_IN_DOUBLE = 2**53


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Properties in conflict (name → label or type → property type), and the statement for messages."""

    nodes: _Types
    edges: _Types
    statement: str

    @classmethod
    def none(cls) -> Conflicts:
        """Return the conflicts of a graph that has none."""
        return cls({}, {}, "")

    def refuse_unreadable(self, names: Sequence[str], types: Sequence[ValueType]) -> None:
        """Refuse paths and lists that would show a property in conflict.

        Raises:
            PlatformError: ``RYUGRAPH_ERROR`` of kind ``runtime``, with what to return instead.
        """
        if not self.nodes and not self.edges:
            return
        for name, value_type in zip(names, types, strict=True):
            nested = value_type.children
            if self.nodes and (_has_path(value_type) or any(contains(child, _NODE) for child in nested)):
                raise self._refusal(name, self.nodes, "nodes")
            if self.edges and (_has_path(value_type) or any(contains(child, _REL) for child in nested)):
                raise self._refusal(name, self.edges, "relationships")

    def restore(self, kind: str, owner: str, name: str, value: Any) -> Any:
        """Turn a JSON-ready value that the engine cast to a common type back into its own.

        Raises:
            PlatformError: The common type does not hold the value exactly.
        """
        types = (self.nodes if kind == "node" else self.edges).get(name)
        if types is None or value is None:
            return value
        own = types[owner].name
        if isinstance(value, str):
            if own == "STRING" or own not in _TEXT_EXACT:
                if own == "STRING":
                    return value
                raise self._inexact(name, types)
            return _from_text(own, value)
        if isinstance(value, float) and own in _INTEGERS:
            if abs(value) > _EXACT_IN_DOUBLE:
                raise self._inexact(name, types)
            return int(value)
        return value

    def _refusal(self, column: str, conflicts: _Types, what: str) -> PlatformError:
        name, types = next(iter(conflicts.items()))
        message = (
            f"The column {column} cannot be shown: the property {name} has different types ({_listed(types)}), and the "
            f"engine reads {what} in paths and lists with one type only. Return their ids or single properties "
            f"instead, for example id(n), n.{name}, length(p); or give {name} one type in the mapping."
        )
        return cypher_error("runtime", message, self.statement)

    def _inexact(self, name: str, types: Mapping[str, ValueType]) -> PlatformError:
        message = (
            f"The property {name} has different types ({_listed(types)}), which the engine turns into one with loss. "
            f"Return it with one label at a time, for example MATCH (n:{next(iter(types))}) RETURN n.{name}."
        )
        return cypher_error("runtime", message, self.statement)


def property_lists(catalog: Catalog, conflicts: Conflicts) -> PropertyLists:
    """Return what the encoder needs to know about the graph."""

    def types(kind: str, name: str, arrow_type: pa.DataType) -> ValueType:
        found = catalog.agreed(kind).get(name)
        return value_type_of(arrow_type) if found is None else found

    return PropertyLists(catalog.property_names("node"), catalog.property_names("edge"), types, conflicts.restore)


_NODE = frozenset({"NODE"})
_REL = frozenset({"REL"})


def _has_path(value_type: ValueType) -> bool:
    return contains(value_type, frozenset({"PATH"}))


def _listed(types: Mapping[str, ValueType]) -> str:
    return ", ".join(f"{contract_name(kind)} under {owner}" for owner, kind in types.items())


def _from_text(name: str, value: str) -> Any:
    if name == "BOOL":
        return value.lower() == "true"
    if name in _INTEGERS:
        return int(value)
    return value.replace(" ", "T", 1) if name == "TIMESTAMP" else value
