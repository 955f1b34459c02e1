"""``show()``: an interactive picture or table in notebooks, text elsewhere."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Dict, Optional

from graph_olap import display
from graph_olap._cypher_text import value_text
from graph_olap._environment import in_notebook
from graph_olap._graph import entities, holds_graph
from graph_olap._optional import installed
from graph_olap.viz import Picture, draw

if TYPE_CHECKING:
    from graph_olap.models import Schema
    from graph_olap.models.result import QueryResult

__all__ = ["picture_of_schema", "show_result", "show_schema"]

_KINDS = ("auto", "graph", "table", "text")
_TEXT_ROWS, _TABLE_ROWS, _NODES = 20, 1_000, 500


def show_result(result: QueryResult, limit: Optional[int], kind: str, **options: Any) -> None:
    """Show a query result; see :meth:`QueryResult.show`."""
    if kind not in _KINDS:
        raise ValueError(f"kind must be one of {', '.join(_KINDS)}, not {kind!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit!r}.")
    if kind == "graph" or options:
        # Made also where nothing can show it, so that a wrong option is an error everywhere.
        picture = draw(entities(result), limit or _NODES, **options)
    elif kind == "auto" and in_notebook() and holds_graph(result) and result.rows:
        picture = draw(entities(result), limit or _NODES)
    else:
        picture = None
    if not in_notebook() or kind == "text":
        print(display.result_text(result, limit or _TEXT_ROWS))  # noqa: T201 - this is its output
    elif picture is not None and kind != "table" and (result.rows or kind == "graph"):
        _show(picture._repr_html_(), repr(picture))
    else:
        _show(_table(result, limit or _TABLE_ROWS), display.result_text(result, limit or _TEXT_ROWS))


def show_schema(schema: Schema, **options: Any) -> None:
    """Show what a graph holds; see :meth:`Schema.show`."""
    if in_notebook():
        _show(picture_of_schema(schema, **options)._repr_html_(), display.schema_text(schema))
    else:
        print(display.schema_text(schema))  # noqa: T201 - this is its output


def picture_of_schema(schema: Schema, **options: Any) -> Picture:
    """Return the picture of a schema: a node for each label, an arrow for each relationship type."""
    ids = {table.label: index for index, table in enumerate(schema.tables.node_tables)}
    parts: list[tuple[str, dict[str, Any]]] = [
        ("NODE", {"_id": ids[t.label], "_label": t.label, **t.properties, "number of nodes": t.node_count})
        for t in schema.tables.node_tables
    ]
    parts += [
        (
            "REL",
            {
                "_id": index,
                "_type": t.type,
                "_src": ids[t.from_node],
                "_dst": ids[t.to_node],
                **t.properties,
                "number of relationships": t.edge_count,
            },
        )
        for index, t in enumerate(schema.tables.edge_tables)
    ]
    # No property can be called like the counts or the label, so none takes their place.
    return draw(parts, **{"caption": "_label", **options})


def _show(page: str, text: str) -> None:
    # Both forms: code hosts and untrusted notebooks drop the page, and the text remains.
    importlib.import_module("IPython.display").display({"text/html": page, "text/plain": text}, raw=True)


def _table(result: QueryResult, limit: int) -> str:
    if not (installed("itables") and installed("pandas") and result.columns):
        return display.result_html(result, limit)
    import itables
    import pandas

    # Cells are text where they are not numbers: itables escapes text, and a table of objects would be guesswork.
    rows = [[_cell(value) for value in row] for row in result.rows[:limit]]
    frame = pandas.DataFrame(rows, columns=[str(name) for name in result.columns])
    table = itables.to_html_datatable(
        frame, connected=False, allow_html=False, maxBytes=0, showIndex=False, **_layout(frame)
    )
    return f"{table}{display.result_note(result, len(rows))}"


def _layout(frame: Any) -> Dict[str, Any]:
    # Jupyter aligns every cell to the right, where text is hard to read.
    text = [index for index, kind in enumerate(frame.dtypes) if kind.kind not in "iuf"]
    return {"style": "width:auto;margin:0", "columnDefs": [{"className": "dt-left", "targets": text}]}


def _cell(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return "" if value is None else value_text(value)
