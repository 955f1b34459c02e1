"""One page of a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Generic, Iterator, List, Mapping, TypeVar, Union, overload

from graph_olap._optional import require
from graph_olap.exceptions import other_version
from graph_olap.models.common import PageMeta, WireModel

__all__ = ["PaginatedList"]

T = TypeVar("T", bound=WireModel)


@dataclass(frozen=True)
class PaginatedList(Generic[T]):
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

    @classmethod
    def from_reply(cls, reply: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> PaginatedList[T]:
        """Build the page from a decoded list reply."""
        meta, data = PageMeta.from_dict(reply["meta"]), reply["data"]
        if not isinstance(data, list):
            raise other_version("its data is no list", {"field": "data"})
        return cls([read(item) for item in data], meta.total, meta.offset, meta.limit)

    @property
    def has_more(self) -> bool:
        """Whether matches follow after this page."""
        return self.offset + len(self.items) < self.total

    def to_dicts(self) -> List[Dict[str, Any]]:
        """Return the items as JSON-ready dictionaries."""
        return [item.to_dict() for item in self.items]

    def to_polars(self) -> Any:
        """Return the items as a ``polars.DataFrame``, one row an item."""
        return require("polars", "dataframe").DataFrame(self._plain_rows(), infer_schema_length=None)

    def to_pandas(self) -> Any:
        """Return the items as a ``pandas.DataFrame``, one row an item."""
        return require("pandas", "dataframe").DataFrame(self._plain_rows())

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
        return f"PaginatedList({len(self.items)} of {self.total} {kind}s, offset {self.offset})"

    def _repr_html_(self) -> str:
        from graph_olap.display import page_html

        return page_html(self)

    def _plain_rows(self) -> List[Dict[str, Any]]:
        # Nested objects (definitions, progress) have no place in a flat table.
        return [
            {key: value for key, value in item.model_dump().items() if not isinstance(value, (dict, list))}
            for item in self.items
        ]
