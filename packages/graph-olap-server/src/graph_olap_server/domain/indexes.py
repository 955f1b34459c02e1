"""Rules of the search indexes that a node definition declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from graph_olap.models import IndexDefinition, NodeDefinition, PropertyType, parse_type

from graph_olap_server.domain.errors import FieldProblem
from graph_olap_server.domain.names import element_name_problem

__all__ = ["METRICS", "STEMMERS", "index_problems", "index_step"]

STEMMERS = (
    *("arabic", "basque", "catalan", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hindi"),
    *("hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "porter", "portuguese"),
    *("romanian", "russian", "serbian", "spanish", "swedish", "tamil", "turkish", "none"),
)
"""What ``stemmer`` may be."""

METRICS = ("cosine", "l2", "l2sq", "dotproduct")
"""What ``metric`` may be."""

_MAX_INDEXES = 10


def index_problems(path: str, node: NodeDefinition) -> Iterator[FieldProblem]:
    """Yield everything that is wrong with the indexes of a node definition; ``path`` is where it stands."""
    if len(node.indexes) > _MAX_INDEXES:
        yield f"{path}.indexes", f"{node.label} has {len(node.indexes)} indexes; at most {_MAX_INDEXES} are allowed"
    taken: set[str] = set()
    for number, index in enumerate(node.indexes):
        where = f"{path}.indexes.{number}"
        if (problem := element_name_problem(index.name)) is not None:
            yield f"{where}.name", problem
        if index.name.lower() in taken:
            yield f"{where}.name", f"{node.label} has two indexes called {index.name!r}; case is ignored"
        taken.add(index.name.lower())
        if index.type == "fulltext":
            yield from _fulltext_problems(where, node, index)
        elif index.type == "vector":
            yield from _vector_problems(where, node, index)
        else:
            yield f"{where}.type", f"{index.type!r} is no kind of index; use fulltext or vector"


def index_step(label: str, index: IndexDefinition) -> str:
    """Return the name of the step of a load that builds an index."""
    return f"{label}.{index.name}"


def _fulltext_problems(where: str, node: NodeDefinition, index: IndexDefinition) -> Iterator[FieldProblem]:
    if index.metric is not None:
        yield f"{where}.metric", "a fulltext index has no metric; leave it out"
    if index.stemmer is not None and index.stemmer not in STEMMERS:
        yield f"{where}.stemmer", f"{index.stemmer!r} is not known; use one of {', '.join(STEMMERS)}"
    if not index.properties:
        yield f"{where}.properties", "a fulltext index needs at least one property"
    if len(set(index.properties)) < len(index.properties):
        yield f"{where}.properties", f"{index.name} names a property twice"
    yield from _property_problems(where, node, index, "STRING", lambda kind: kind.name == "STRING")


def _vector_problems(where: str, node: NodeDefinition, index: IndexDefinition) -> Iterator[FieldProblem]:
    if index.stemmer is not None:
        yield f"{where}.stemmer", "a vector index has no stemmer; leave it out"
    if index.metric is not None and index.metric not in METRICS:
        yield f"{where}.metric", f"{index.metric!r} is not known; use one of {', '.join(METRICS)}"
    if len(index.properties) != 1:
        yield f"{where}.properties", f"a vector index needs exactly one property, found {len(index.properties)}"
    yield from _property_problems(where, node, index, "ARRAY<FLOAT,n> or ARRAY<DOUBLE,n>", _is_vector)


def _property_problems(
    where: str, node: NodeDefinition, index: IndexDefinition, wanted: str, fits: Callable[[PropertyType], bool]
) -> Iterator[FieldProblem]:
    types = {item.name: item.type for item in (node.primary_key, *node.properties)}
    for number, name in enumerate(index.properties):
        field = f"{where}.properties.{number}"
        if name not in types:
            yield field, f"{node.label} has no property {name!r}; it has {', '.join(types)}"
            continue
        try:
            kind = parse_type(types[name])
        except ValueError:
            continue  # said of the property itself
        if not fits(kind):
            yield field, f"{name} of {node.label} is {types[name]}; a {index.type} index needs {wanted}"


def _is_vector(kind: PropertyType) -> bool:
    return kind.name == "ARRAY" and kind.children[0].name in ("FLOAT", "DOUBLE")
