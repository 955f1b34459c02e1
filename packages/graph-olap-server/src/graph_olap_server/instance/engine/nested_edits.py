"""Replacements of expressions that may hold other such expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token

__all__ = ["NestedEdits"]


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
        """Return the edits between two places."""
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
                yield place, *found
                place = found[0]
