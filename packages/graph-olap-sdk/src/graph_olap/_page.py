"""What all lists of models can do: DataFrames, dictionaries and an HTML table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import (
    Any,
    Callable,
    Dict,
    Generic,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    TypeVar,
    Union,
    overload,
)

from graph_olap._optional import require
from graph_olap.models.common import WireModel

__all__ = ["ModelList", "Page", "PageSource", "Records"]

T = TypeVar("T", bound=WireModel)


class PageSource(NamedTuple):
    """Where a page came from, to ask there for the next one."""

    http: Any
    path: str
    params: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], Any]


class ModelList(List[T]):
    """A list of models that also becomes a DataFrame and a table in a notebook."""

    def to_dicts(self) -> List[Dict[str, Any]]:
        """Return the items as JSON-ready dictionaries."""
        return [item.to_dict() for item in self]

    def to_polars(self) -> Any:
        """Return the items as a ``polars.DataFrame``, one row an item."""
        return _polars(self)

    def to_pandas(self) -> Any:
        """Return the items as a ``pandas.DataFrame``, one row an item."""
        return _pandas(self)

    def _repr_html_(self) -> str:
        from graph_olap.display import page_html

        return page_html(Page(list(self), len(self), 0, len(self)))


class Records(List[Dict[str, Any]]):
    """A list of dictionaries that also becomes a DataFrame and a table in a notebook.

    Args:
        rows: The dictionaries.
        shown: The columns that a notebook shows; by default all that hold plain values.
    """

    def __init__(self, rows: Iterable[Dict[str, Any]] = (), shown: Optional[Sequence[str]] = None) -> None:
        super().__init__(rows)
        self._shown = shown

    def to_polars(self) -> Any:
        """Return the rows as a ``polars.DataFrame``; nested values are left out."""
        return require("polars", "dataframe").DataFrame(_without_nested(self), infer_schema_length=None)

    def to_pandas(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``; nested values are left out."""
        return require("pandas", "dataframe").DataFrame(_without_nested(self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from graph_olap.display import records_text

        printer.text(records_text(self, self._shown) if self else "[]")

    def _repr_html_(self) -> str:
        from graph_olap.display import records_html

        return records_html(self, self._shown)


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items of one page, and how many there are in all.

    Iterating, indexing and ``len`` work on the items of this page.

    Attributes:
        items: The items of this page.
        total: Number of matches over all pages.
        offset: Number of matches before this page.
        limit: Largest number of items a page may have.
    """

    items: List[T] = field(default_factory=list)
    total: int = 0
    offset: int = 0
    limit: int = 50
    _source: Optional[PageSource] = field(default=None, repr=False, compare=False)

    @property
    def has_more(self) -> bool:
        """Whether matches follow after this page."""
        return self.offset + len(self.items) < self.total

    def to_dicts(self) -> List[Dict[str, Any]]:
        """Return the items as JSON-ready dictionaries."""
        return [item.to_dict() for item in self.items]

    def to_polars(self) -> Any:
        """Return the items as a ``polars.DataFrame``, one row an item."""
        return _polars(self.items)

    def to_pandas(self) -> Any:
        """Return the items as a ``pandas.DataFrame``, one row an item."""
        return _pandas(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> List[T]: ...

    def __getitem__(self, index: Union[int, slice]) -> Union[T, List[T]]:
        return self.items[index]

    def __repr__(self) -> str:
        kind = type(self.items[0]).__name__ if self.items else "item"
        return f"{type(self).__name__}({len(self.items)} of {self.total} {kind}s, offset {self.offset})"

    def _repr_html_(self) -> str:
        from graph_olap.display import page_html

        return page_html(self)


def _polars(items: List[T]) -> Any:
    return require("polars", "dataframe").DataFrame(_plain_rows(items), infer_schema_length=None)


def _pandas(items: List[T]) -> Any:
    return require("pandas", "dataframe").DataFrame(_plain_rows(items))


def _plain_rows(items: List[T]) -> List[Dict[str, Any]]:
    # Nested objects (definitions, progress) have no place in a flat table.
    return _without_nested([item.model_dump() for item in items])


def _without_nested(rows: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [{key: value for key, value in row.items() if not isinstance(value, (dict, list))} for row in rows]
