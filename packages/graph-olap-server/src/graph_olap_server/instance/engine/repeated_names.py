"""Columns of the same name, which the engines refuse: all but the first get another one on their way into the engine.

The result shows the names of the statement, with ``_1``, ``_2``, ... behind those that are there already.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph_olap_server.instance.engine.edits import Edit
from graph_olap_server.instance.tokens import Token, result_names, return_items

__all__ = ["repeated_name_edits"]


def repeated_name_edits(tokens: Sequence[Token], statement: str) -> list[Edit]:
    """Return the edits that name columns apart.

    Example:
        >>> from graph_olap_server.instance.tokens import tokenise
        >>> repeated_name_edits(tokenise("RETURN 1 AS a, 2 AS a"), "RETURN 1 AS a, 2 AS a")
        [Edit(start=20, end=21, text='_column1')]
    """
    names, items = result_names(tokens, statement), return_items(tokens)
    if names is None or items is None:
        return []
    edits = []
    for place, (name, item) in enumerate(zip(names, items, strict=True)):
        if name in names[:place]:
            last = item[-1]
            aliased = len(item) > 2 and item[-2].keyword == "AS"
            edits.append(
                Edit(last.start if aliased else last.end, last.end, f"{'' if aliased else ' AS '}_column{place}")
            )
    return edits
