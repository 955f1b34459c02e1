# Derived from graph_olap/aio/pagination.py; edit that file and run `make sync`.
"""Lists that come in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Set, TypeVar

from graph_olap._page import Page, PageSource
from graph_olap.exceptions import other_version
from graph_olap.models.common import PageMeta, WireModel

if TYPE_CHECKING:
    from graph_olap.http import HTTPClient

__all__ = ["PaginatedList"]

T = TypeVar("T", bound=WireModel)


class PaginatedList(Page[T]):
    """Items of one page; :meth:`iter_all` goes on through the pages after it.

    Iterating, indexing and ``len`` work on the items of this page.

    Attributes:
        items: The items of this page.
        total: Number of matches over all pages.
        offset: Number of matches before this page.
        limit: Largest number of items a page may have.
    """

    @classmethod
    def fetch(
        cls, http: HTTPClient, path: str, params: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]
    ) -> PaginatedList[T]:
        """Ask for one page.

        Args:
            http: The client's network.
            path: Path of the list.
            params: Filters, ``offset`` and ``limit``.
            read: Builds an item from decoded JSON.

        Returns:
            The page.

        Raises:
            ServerError: The reply is no page of a list: the server's version does not fit.
        """
        reply = http.get(path, params)
        meta, data = PageMeta.from_dict(reply["meta"]), reply["data"]
        if not isinstance(data, list):
            raise other_version(f"{path}: a list was expected, found {type(data).__name__}", {"field": "data"})
        items = [read(item) for item in data]
        return cls(items, meta.total, meta.offset, meta.limit, PageSource(http, path, params, read))

    def next_page(self) -> PaginatedList[T]:
        """Ask for the page after this one, with the same filters.

        Returns:
            The page, without items when this one is the last.

        Raises:
            ValueError: This list was not made by a client.
        """
        if self._source is None:
            raise ValueError("This list did not come from a client, so there is no next page to ask for.")
        http, path, params, read = self._source
        following = {**params, "offset": self.offset + len(self.items)}
        return type(self).fetch(http, path, following, read)

    def iter_all(self) -> Iterator[T]:
        """Iterate over this page and all pages after it; each is asked for when the items before it are used up.

        Objects made meanwhile push others to a later page; those are not given twice.

        Returns:
            An iterator over the items.
        """
        seen: Set[Any] = set()
        page = self
        while True:
            for item in page.items:
                number = getattr(item, "id", None)
                if number is None or number not in seen:
                    seen.add(number)
                    yield item
            if not page.has_more or not page.items:
                return
            page = page.next_page()
