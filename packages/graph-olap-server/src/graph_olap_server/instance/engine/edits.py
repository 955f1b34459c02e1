"""Changes to a statement's text that remember where everything stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Edit", "Edited", "apply_edits"]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put ``text`` in place of what stands from ``start`` to ``end``; equal places keep the order of the edits."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A changed text; ``pieces`` holds the start of each unchanged piece in it, and in the text before."""

    text: str
    pieces: tuple[tuple[int, int], ...] = ((0, 0),)

    def original_position(self, position: int) -> int:
        """Return the offset in the text before that belongs to an offset in ``text``."""
        index = max(place for place, piece in enumerate(self.pieces) if piece[0] <= position)
        start, original = self.pieces[index]
        following = self.pieces[index + 1][1] if index + 1 < len(self.pieces) else None
        found = original + position - start
        return found if following is None else min(found, following)


def apply_edits(text: str, edits: Sequence[Edit]) -> Edited:
    """Apply edits that do not overlap.

    Example:
        >>> edited = apply_edits("RETURN x", [Edit(7, 8, "coalesce(x)")])
        >>> edited.text, edited.original_position(9)
        ('RETURN coalesce(x)', 8)
    """
    result, done = "", 0
    pieces: list[tuple[int, int]] = [(0, 0)]
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        result += text[done : edit.start] + edit.text
        done = edit.end
        pieces.append((len(result), done))
    return Edited(result + text[done:], tuple(pieces))
