"""Replacements of expressions that may hold other such expressions.

A replacement may repeat what is within it, so that the text doubles with each level; it is bounded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graph_olap_server.domain.errors import cypher_error
from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token

__all__ = ["NestedEdits"]

_LONGEST = 100_000
"""Characters that a replacement may be longer than what it replaces."""


class NestedEdits:
    """Finds places from left to right, the outermost first; what is within them is replaced in their text.

    Args:
        statement: The statement.
        tokens: Its tokens.
        find: Given a place and the end of what it may look at, returns where an expression ends that starts there and
            is to be replaced, and the text to put there; None when there is none. It gets the text of parts by
            :meth:`text`.
    """

    def __init__(
        self, statement: str, tokens: Sequence[Token], find: Callable[[int, int], tuple[int, str] | None]
    ) -> None:
        self._statement = statement
        self._tokens = tokens
        self._find = find

    def within(self, start: int, end: int) -> list[Edit]:
        """Return the edits between two places.

        Raises:
            PlatformError: ``RYUGRAPH_ERROR`` of kind ``statement_not_allowed``: a replacement would be too long.
        """
        return [
            Edit(self._tokens[begun].start, self._tokens[ended - 1].end, text)
            for begun, ended, text in self._sites(start, end)
        ]

    def text(self, start: int, end: int) -> str:
        """Return the text between two places, all within it replaced."""
        result, done = "", self._tokens[start].start
        for begun, ended, text in self._sites(start, end):
            result += self._statement[done : self._tokens[begun].start] + text
            done = self._tokens[ended - 1].end
        return result + self._statement[done : self._tokens[end - 1].end]

    def _sites(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        place = start
        while place < end:
            found = self._find(place, end)
            if found is None:
                place += 1
            else:
                self._check_length(place, *found)
                yield place, *found
                place = found[0]

    def _check_length(self, start: int, end: int, text: str) -> None:
        if len(text) - (self._tokens[end - 1].end - self._tokens[start].start) > _LONGEST:
            message = "Expressions nest too deeply here. Compute parts of them under a name with WITH."
            raise cypher_error("statement_not_allowed", message, self._statement, self._tokens[start].start)
