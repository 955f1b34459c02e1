"""Abstract queries as Cypher text with parameters in their JSON form."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from graph_olap_server.conformance.query import (
    Aggregate,
    Binary,
    Call,
    Case,
    Expression,
    Hop,
    InList,
    IsNull,
    Item,
    ListOf,
    Literal_,
    Match,
    NodePattern,
    Not,
    Order,
    Parameter,
    Path,
    Projection,
    Property,
    Query,
    Subquery,
    Unwind,
    Variable,
    parts_of,
)

__all__ = ["json_parameters", "render"]


def render(query: Query) -> str:
    """Write a query as Cypher.

    Example:
        >>> from graph_olap_server.conformance.query import Item, Literal_, Projection, Query
        >>> render(Query(((Projection((Item(Literal_(1), "c0"),)),),)))
        'RETURN 1 AS c0'
    """
    union = " UNION ALL " if query.union_all else " UNION "
    return union.join(_part(part) for part in query.parts)


def json_parameters(query: Query) -> dict[str, Any]:
    """Return the parameters as a client would send them."""
    return {part.name: _json(part.value) for part in parts_of(query.parts) if isinstance(part, Parameter)}


def _part(clauses: tuple[Match | Unwind | Projection, ...]) -> str:
    return " ".join(_clause(clause, last=clause is clauses[-1]) for clause in clauses)


def _clause(clause: Match | Unwind | Projection, *, last: bool) -> str:
    if isinstance(clause, Match):
        return f"{'OPTIONAL ' if clause.optional else ''}MATCH {_paths(clause.paths, clause.where)}"
    if isinstance(clause, Unwind):
        return f"UNWIND {_expression(clause.values)} AS {clause.variable}"
    text = f"{'RETURN' if last else 'WITH'} {'DISTINCT ' if clause.distinct else ''}"
    text += ", ".join(map(_item, clause.items))
    if clause.order:
        text += " ORDER BY " + ", ".join(_order(key, clause.items) for key in clause.order)
    text += "" if clause.skip is None else f" SKIP {_expression(clause.skip)}"
    text += "" if clause.limit is None else f" LIMIT {_expression(clause.limit)}"
    return text if clause.where is None else f"{text} WHERE {_expression(clause.where)}"


def _order(key: Order, items: tuple[Item, ...]) -> str:
    text = key.name
    if key.expression is not None:
        text = _expression(key.expression)
    elif key.spelled:
        text = next((_expression(item.expression) for item in items if item.name == key.name), key.name)
    return f"{text} DESC" if key.descending else text


def _item(item: Item) -> str:
    text = _expression(item.expression)
    return text if text == item.name else f"{text} AS {item.name}"


def _paths(paths: tuple[Path, ...], where: Expression | None) -> str:
    text = ", ".join(map(_path, paths))
    return text if where is None else f"{text} WHERE {_expression(where)}"


def _path(path: Path) -> str:
    text = _node(path.nodes[0])
    for hop, node in zip(path.hops, path.nodes[1:], strict=True):
        text += _hop(hop) + _node(node)
    return text if path.variable is None else f"{path.variable} = {text}"


def _node(node: NodePattern) -> str:
    labels = "".join(f":{_name(label)}" for label in node.labels)
    return f"({_spaced((node.variable or '') + labels, _properties(node.properties))})"


def _hop(hop: Hop) -> str:
    types = ":" + "|".join(map(_name, hop.types)) if hop.types else ""
    length = ""
    if hop.length is not None:
        kind = "" if hop.length.kind == "WALK" else f" {hop.length.kind}"
        length = f"*{kind} {hop.length.low}..{hop.length.high}"
    inner = _spaced((hop.variable or "") + types + length, _properties(hop.properties))
    left, right = ("<-", "-") if hop.direction == "<-" else ("-", hop.direction)
    return f"{left}[{inner}]{right}"


def _properties(properties: tuple[tuple[str, Expression], ...]) -> str:
    return (
        "{" + ", ".join(f"{_name(key)}: {_expression(value)}" for key, value in properties) + "}" if properties else ""
    )


def _spaced(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _expression(value: Expression) -> str:
    if isinstance(value, Literal_):
        return _literal(value.value)
    if isinstance(value, Parameter):
        return f"${value.name}"
    if isinstance(value, Variable):
        return value.name
    if isinstance(value, Property):
        return f"{value.owner}.{_name(value.name)}"
    if isinstance(value, Binary):
        return f"({_expression(value.left)} {value.operator} {_expression(value.right)})"
    if isinstance(value, Not):
        return f"(NOT {_expression(value.operand)})"
    if isinstance(value, IsNull):
        return f"({_expression(value.operand)} IS {'NOT ' if value.negated else ''}NULL)"
    if isinstance(value, InList):
        return f"({_expression(value.operand)} IN {_expression(value.values)})"
    if isinstance(value, ListOf):
        return f"[{', '.join(map(_expression, value.values))}]"
    if isinstance(value, Case):
        last = "" if value.otherwise is None else f" ELSE {_expression(value.otherwise)}"
        return f"CASE WHEN {_expression(value.condition)} THEN {_expression(value.then)}{last} END"
    if isinstance(value, Call):
        arguments = ", ".join(map(_expression, value.arguments))
        if value.name.startswith("CAST "):
            return f"CAST({arguments} AS {value.name.removeprefix('CAST ')})"
        return f"{value.name}({arguments})"
    if isinstance(value, Aggregate):
        operand = "*" if value.operand is None else _expression(value.operand)
        return f"{value.name}({'DISTINCT ' if value.distinct else ''}{operand})"
    assert isinstance(value, Subquery)
    return f"{value.kind} {{ MATCH {_paths(value.paths, value.where)} }}"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return f"date('{value.isoformat()}')"
    if isinstance(value, Decimal):
        return f"CAST('{value}' AS DECIMAL(9, 2))"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return repr(value)


def _name(name: str) -> str:
    return f"`{name}`"


def _json(value: Any) -> Any:
    if isinstance(value, dt.date):
        return {"$type": "DATE", "value": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$type": "DECIMAL", "value": str(value)}
    return [_json(item) for item in value] if isinstance(value, (list, tuple)) else value
