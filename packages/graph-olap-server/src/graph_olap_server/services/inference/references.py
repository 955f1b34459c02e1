"""Which columns hold the key of another table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from graph_olap_server.services.inference.keys import Key, column_family
from graph_olap_server.services.inference.names import abbreviates, name_score
from graph_olap_server.warehouse.base import ColumnInfo, TableInfo, WarehouseTimeoutError
from graph_olap_server.warehouse.probe import Inclusion, SchemaProbe

__all__ = ["Reference", "References", "find_references"]

# A name that fits needs only some of the values, because data is dirty; values alone must nearly all fit.
_SHARE_WITH_NAME = 0.5
_SHARE_ALONE = 0.9
_FEWEST_VALUES = 3
_MOST_PAIRS = 400


@dataclass(frozen=True, slots=True)
class Reference:
    """``columns`` of ``table`` hold the key of ``other``."""

    table: str
    columns: tuple[str, ...]
    other: str
    other_columns: tuple[str, ...]
    basis: tuple[str, ...]
    looked_at: int | None = None
    overlap: float | None = None
    also_fits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class References:
    """What was found, by table and in the order of its columns, and whether everything was looked at."""

    by_table: Mapping[str, Sequence[Reference]]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    table: TableInfo
    column: ColumnInfo
    other: TableInfo
    other_column: str
    score: int
    other_is_sure: bool
    is_short: bool


def find_references(probe: SchemaProbe, tables: Sequence[TableInfo], keys: Mapping[str, Key]) -> References:
    """Find the declared references, then those that names and values speak for, the likeliest pairs first."""
    declared = list(_declared(probe, tables, keys))
    settled = {(reference.table, column) for reference in declared for column in reference.columns}
    pairs = [pair for pair in _pairs(tables, keys) if (pair.table.name, pair.column.name) not in settled]
    pairs.sort(key=lambda pair: -pair.score)
    complete = len(pairs) <= _MOST_PAIRS
    fitting: dict[tuple[str, str], list[tuple[_Pair, Inclusion]]] = {}
    for pair in pairs[:_MOST_PAIRS]:
        try:
            found = probe.inclusion(pair.table.name, pair.column.name, pair.other.name, pair.other_column)
        except WarehouseTimeoutError:
            complete = False
            break
        if _fits(pair, found):
            fitting.setdefault((pair.table.name, pair.column.name), []).append((pair, found))
    by_table: dict[str, list[Reference]] = {}
    for reference in [*declared, *map(_best, fitting.values())]:
        by_table.setdefault(reference.table, []).append(reference)
    for table in tables:
        position = {column.name: column.position for column in table.columns}
        by_table.get(table.name, []).sort(key=lambda reference: position[reference.columns[0]])
    return References(by_table, complete)


def _declared(probe: SchemaProbe, tables: Sequence[TableInfo], keys: Mapping[str, Key]) -> Iterator[Reference]:
    names = {table.name for table in tables}
    for found in probe.foreign_keys:
        key = keys.get(found.other)
        # A reference to a unique column that is not the chosen key cannot name a node.
        if found.table in names and found.other in names and key and set(found.other_columns) == set(key.columns):
            column_of = dict(zip(found.other_columns, found.columns, strict=True))
            columns = tuple(column_of[name] for name in key.columns)
            yield Reference(found.table, columns, found.other, key.columns, ("declared",))


def _pairs(tables: Sequence[TableInfo], keys: Mapping[str, Key]) -> Iterator[_Pair]:
    targets = []
    for table in tables:
        key = keys.get(table.name)
        if key is not None and len(key.columns) == 1:
            column = next(column for column in table.columns if column.name == key.columns[0])
            targets.append((table, column, column_family(column)))
    for table in tables:
        own = keys.get(table.name)
        for column in table.columns:
            family = column_family(column)
            is_own = own is not None and own.columns == (column.name,)
            # A column that is only by chance different in each row may still hold another table's key.
            is_key = is_own and own is not None and own.is_sure
            for other, other_column, other_family in targets:
                if family is None or family != other_family or (is_own and other.name == table.name):
                    continue
                score = name_score(column.name, other.name, other_column.name)
                # Numbers from 1 up are found in every other numbered table, so numbers need a name that fits.
                if score == 2 or (not is_key and (score == 1 or family != "integer")):
                    is_short = abbreviates(column.name, other.name)
                    yield _Pair(table, column, other, other_column.name, score, keys[other.name].is_sure, is_short)


def _fits(pair: _Pair, found: Inclusion) -> bool:
    if pair.score == 2:
        return found.looked_at == 0 or found.share >= _SHARE_WITH_NAME
    return found.looked_at >= (1 if pair.score else _FEWEST_VALUES) and found.share >= _SHARE_ALONE


def _best(candidates: Sequence[tuple[_Pair, Inclusion]]) -> Reference:
    """Choose by name, in full or shortened, then by values, then a sure key, then the table itself (``manager_id``)."""

    def rank(candidate: tuple[_Pair, Inclusion]) -> tuple[int, bool, float, bool, bool]:
        pair, found = candidate
        return pair.score, pair.is_short, found.share, pair.other_is_sure, pair.other.name == pair.table.name

    ordered = sorted(candidates, key=rank, reverse=True)
    pair, found = ordered[0]
    basis = (*(("name",) if pair.score else ()), *(("overlap",) if found.looked_at else ()))
    reference = Reference(
        pair.table.name, (pair.column.name,), pair.other.name, (pair.other_column,), basis, found.looked_at
    )
    also = tuple(other.other.name for other, _ in ordered[1:] if other.score == pair.score)
    return replace(reference, overlap=round(found.share, 4) if found.looked_at else None, also_fits=also)
