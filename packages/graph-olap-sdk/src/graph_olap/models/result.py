"""The result of a Cypher query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Union, overload

from pydantic import Field

from graph_olap.models.common import WireModel

if TYPE_CHECKING:
    from graph_olap._files import FilePath
    from graph_olap.viz import Picture

__all__ = ["QueryResult"]


class QueryResult(WireModel):
    """Columns and rows of a finished query.

    Iterating gives one dictionary a row; ``len`` is the number of rows; ``result[0]`` is a row, ``result["name"]`` a
    column, ``result[:10]`` a list of rows.

    Attributes:
        columns: Column names.
        column_types: Type names such as ``INT64``, ``DATE``, ``LIST<STRING>``, ``NODE``; as many as columns.
        rows: Values in column order, converted by their column types.
        row_count: Number of rows.
        execution_time_ms: Time the engine took.
        truncated: Whether ``max_rows`` cut the result.
        warnings: What the server wants you to know.

    Example:
        >>> result = QueryResult(
        ...     columns=["name", "age"], column_types=["STRING", "INT64"], rows=[["Ada", 36]], row_count=1
        ... )
        >>> result[0]
        {'name': 'Ada', 'age': 36}
        >>> result["age"]
        [36]
    """

    columns: List[str]
    column_types: List[str] = Field(default_factory=list)
    rows: List[List[Any]]
    row_count: int = 0
    execution_time_ms: int = 0
    truncated: bool = False
    warnings: List[str] = Field(default_factory=list)

    @classmethod
    def from_reply(cls, reply: Mapping[str, Any], rows: Optional[List[List[Any]]] = None) -> QueryResult:
        """Build the result of a decoded reply; ``rows`` are its rows in converted form."""
        # The rows are kept as they are: validating a million values one by one would only cost time.
        known = {name: reply[name] for name in cls.model_fields if name != "rows" and reply.get(name) is not None}
        header = cls.from_dict({"rows": [], **known})
        header.rows = rows if rows is not None else reply["rows"]
        header.row_count = len(header.rows)
        return header

    def to_dicts(self) -> List[Dict[str, Any]]:
        """Return one dictionary a row."""
        return list(self)

    def to_arrow(self) -> Any:
        """Return the result as a ``pyarrow.Table``."""
        from graph_olap._arrow import table_from_rows

        return table_from_rows(self.columns, self.column_types, self.rows)

    def to_polars(self) -> Any:
        """Return the result as a ``polars.DataFrame``; column types decide, nulls change nothing."""
        from graph_olap._arrow import to_frame

        return to_frame(self.to_arrow(), "polars")

    def to_pandas(self) -> Any:
        """Return the result as a ``pandas.DataFrame`` of Arrow-backed columns.

        Integers stay integers beside nulls; decimals, dates and time zones are kept.
        """
        from graph_olap._arrow import to_frame

        return to_frame(self.to_arrow(), "pandas")

    def to_networkx(self) -> Any:
        """Return the nodes, relationships and paths of the result as a ``networkx.MultiDiGraph``.

        Nodes are keyed by ``_id``; their attributes are ``label``, ``_label`` and their properties. Relationships are
        keyed by their ``_id``, so parallel ones stay apart; their attributes are ``type``, ``_type`` and their
        properties. A property called ``label`` or ``type`` wins over the attribute without underscore. A relationship
        whose end is not part of the result still gets a node, without attributes.

        Raises:
            ValueError: The result holds no node, relationship or path.
        """
        from graph_olap._graph import graph_of

        return graph_of(self)

    def to_igraph(self, *, directed: bool = True) -> Any:
        """Return the nodes, relationships and paths of the result as an ``igraph.Graph``.

        Parallel relationships and loops are kept. Attributes are those of :meth:`to_networkx`, and ``_id`` of vertices
        and edges; ``None`` stands where an element lacks a property. A relationship whose end is not part of the result
        still gets a vertex.

        Args:
            directed: Keep the direction of relationships.

        Raises:
            ValueError: The result holds no node, relationship or path.
            ImportError: igraph is not installed.
        """
        from graph_olap._graph import igraph_of

        return igraph_of(self, directed)

    def to_parquet(self, path: FilePath, *, compression: str = "zstd") -> None:
        """Write the result as a Parquet file, with the types of :meth:`to_arrow`.

        Args:
            path: The file to write; it appears under its name when it is whole.
            compression: ``"zstd"``, ``"snappy"``, ``"gzip"``, ``"lz4"`` or ``"none"``.

        Raises:
            ValidationError: There is no such ``compression``.
            FileNotFoundError: The folder of ``path`` does not exist.
            ImportError: pyarrow is not installed.
        """
        from graph_olap._files import check_compression, whole_file
        from graph_olap._optional import require

        codec = check_compression(compression)
        with whole_file(path) as partial:
            require("pyarrow.parquet", "dataframe").write_table(self.to_arrow(), partial, compression=codec)

    def to_csv(self, path: FilePath) -> None:
        """Write the result as a CSV file (UTF-8, RFC 4180 quoting, a line of column names); needs no other package.

        Nulls are empty, times and intervals ISO 8601, bytes hexadecimal, lists, nodes and other nested values JSON.

        Args:
            path: The file to write; it appears under its name when it is whole.
        """
        from graph_olap._files import write_csv

        write_csv(self, path)

    def scalar(self) -> Any:
        """Return the single value of a result of one row and one column.

        Raises:
            ValueError: The result has another shape.
        """
        if len(self.rows) != 1 or len(self.columns) != 1:
            raise ValueError(
                f"Expected one row and one column, found {len(self.rows)} rows and {len(self.columns)} columns "
                f"({', '.join(self.columns)})."
            )
        return self.rows[0][0]

    def show(self, limit: Optional[int] = None, *, kind: str = "auto", **options: Any) -> None:
        """Show the result: an interactive picture or table in notebooks, a text table elsewhere.

        With nodes, relationships or paths in it a picture of the graph, else a table that sorts, pages and searches
        when ``itables`` and ``pandas`` are installed. What was left out is written below.

        Args:
            limit: Most nodes of a picture (500 by default, at most 5,000; four times as many relationships), or most
                rows of a table (1,000 in notebooks, 20 as text).
            kind: ``"auto"``, ``"graph"``, ``"table"`` or ``"text"``.
            **options: How the picture looks: ``caption``, ``color``, ``size`` and ``width`` name properties; ``x``
                and ``y`` place the nodes by two numeric properties; ``height`` is in CSS pixels (480 by default).
                See :func:`graph_olap.viz.draw`.

        Raises:
            ValueError: An argument is out of range, names a property that is not there, or asks for a picture of a
                result without nodes, relationships and paths.

        Example:
            >>> result = QueryResult(columns=["name"], column_types=["STRING"], rows=[["Ada"]], row_count=1)
            >>> result.show()
            name
            ----
            Ada
            1 row, 0 ms
        """
        from graph_olap._show import show_result

        show_result(self, limit, kind, **options)

    def picture(self, limit: int = 500, **options: Any) -> Picture:
        """Return the picture that :meth:`show` shows, to save it as a page (``picture.save("graph.html")``).

        Args:
            limit: Most nodes to draw, at most 5,000.
            **options: As for :meth:`show`.

        Raises:
            ValueError: As for :meth:`show`.

        Example:
            >>> paid = {"_id": 1, "_type": "PAID", "_src": 1, "_dst": 2}
            >>> QueryResult(columns=["r"], column_types=["REL"], rows=[[paid]], row_count=1).picture()
            Picture(2 nodes, 1 relationship)
        """
        from graph_olap._graph import entities
        from graph_olap.viz import draw

        return draw(entities(self), limit, **options)

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Dict[str, Any]]:  # type: ignore[override]  # rows, not the fields of the model
        return (dict(zip(self.columns, row)) for row in self.rows)

    @overload
    def __getitem__(self, key: int) -> Dict[str, Any]: ...

    @overload
    def __getitem__(self, key: slice) -> List[Dict[str, Any]]: ...

    @overload
    def __getitem__(self, key: str) -> List[Any]: ...

    def __getitem__(self, key: Union[int, slice, str]) -> Any:
        if isinstance(key, str):
            if key not in self.columns:
                raise KeyError(f"{key!r}; the columns are {', '.join(self.columns)}")
            index = self.columns.index(key)
            return [row[index] for row in self.rows]
        if isinstance(key, slice):
            return [dict(zip(self.columns, row)) for row in self.rows[key]]
        return dict(zip(self.columns, self.rows[key]))

    def __repr__(self) -> str:
        from graph_olap.display import result_text

        return result_text(self, 10)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from graph_olap.display import result_html

        return result_html(self, 50)
