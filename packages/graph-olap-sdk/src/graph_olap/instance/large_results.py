# Derived from graph_olap/aio/instance/large_results.py; edit that file and run `make sync`.
"""Results that travel as Arrow: into a DataFrame, batch by batch, or into a file."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import httpx

from graph_olap._arrow import ARROW_STREAM, choose_backend, stream_headers, to_frame
from graph_olap._arrow_stream import StreamDecoder
from graph_olap._files import FilePath, ParquetSink, whole_file
from graph_olap._optional import require
from graph_olap._request import decode_json, reading_errors
from graph_olap.exceptions import ServerError, ValidationError
from graph_olap.instance.calls import InstanceCalls
from graph_olap.instance.streams import ResultStream, arrow_batches

__all__ = ["LargeResults"]

_FILE_BATCH_ROWS = 262_144


class LargeResults(InstanceCalls):
    """The methods of a connection for results that are too large for lists of Python objects."""

    def query_df(
        self,
        cypher: str,
        parameters: Optional[Mapping[str, Any]] = None,
        *,
        backend: Optional[str] = None,
        timeout: Optional[float] = None,
        max_rows: Optional[int] = None,
        query_id: Optional[str] = None,
    ) -> Any:
        """Run a read-only Cypher query into a DataFrame; rows travel as Arrow and are never Python objects on the way.

        Args:
            cypher: One statement; refer to parameters as ``$name``.
            parameters: Values by name, as for :meth:`query`.
            backend: ``"polars"`` or ``"pandas"``; by default polars if installed, else pandas. A pandas frame has
                Arrow-backed columns (``pandas.ArrowDtype``): integers stay integers beside nulls, decimals, dates and
                time zones are kept.
            timeout: Seconds until the server stops the query, 1 to 1800; the server's default is 55.
            max_rows: Cut the result after so many rows.
            query_id: A name of your own, for :meth:`cancel`.

        Returns:
            A ``polars.DataFrame`` or ``pandas.DataFrame``.

        Raises:
            RyugraphError: The query is wrong, not allowed or failed; ``details["kind"]`` says why.
            QueryTimeoutError: It took longer than ``timeout`` and was stopped.
            ConnectionError: The result was cut on the way; a part is never taken for the whole.
            ImportError: Neither polars nor pandas is installed.

        Example:
            >>> df = conn.query_df("MATCH (a)-[p:PAID]->(b) RETURN a.id, b.id, p.amount")
            >>> df.shape
            (4, 3)
        """
        chosen = choose_backend(backend)
        for package in ("pyarrow", chosen):
            require(package, "dataframe")  # before the query runs for nothing
        headers = stream_headers(self.instance_url)
        call = self._query_call(cypher, parameters, timeout, max_rows, query_id, headers)
        response = self._send(call, stream=True)
        if not _is_arrow(response):
            with reading_errors(response.request):
                response.read()
            result = self._result(decode_json(response), coerce=True)
            return to_frame(result.to_arrow(), chosen)
        decoder = StreamDecoder()
        batches = []
        for batch in arrow_batches(response, decoder):
            batches.append(batch)
        table = require("pyarrow", "dataframe").Table.from_batches(batches, schema=decoder.schema)
        return to_frame(table, chosen)

    def stream(
        self,
        cypher: str,
        parameters: Optional[Mapping[str, Any]] = None,
        *,
        batch_size: int = 65_536,
        backend: str = "arrow",
        timeout: Optional[float] = None,
        max_rows: Optional[int] = None,
        query_id: Optional[str] = None,
    ) -> ResultStream:
        """Run a read-only Cypher query and iterate over its result in batches; it may be larger than memory.

        The query starts with the first batch. Stop early by leaving the loop inside a ``with`` block, or with
        ``close()``: the query is then cancelled on the server.

        Args:
            cypher: One statement; refer to parameters as ``$name``.
            parameters: Values by name, as for :meth:`query`.
            batch_size: Rows of each batch; the last one may have fewer.
            backend: ``"arrow"`` gives ``pyarrow.RecordBatch``, ``"polars"`` and ``"pandas"`` give DataFrames with the
                types of :meth:`query_df`.
            timeout: Seconds until the server stops the query, 1 to 1800; the server's default is 55.
            max_rows: Cut the result after so many rows.
            query_id: A name of your own, for :meth:`cancel`.

        Returns:
            An iterator over the batches that is also a context manager; without rows there is no batch.

        Raises:
            ValidationError: ``batch_size`` or ``backend`` is not allowed.
            RyugraphError: While iterating: the query is wrong, not allowed or failed.
            QueryTimeoutError: While iterating: it took longer than ``timeout`` and was stopped.
            ConnectionError: While iterating: the result was cut; the loop never ends as if it were whole.
            ImportError: pyarrow, or the backend, is not installed.

        Example:
            >>> rows = 0
            >>> with conn.stream("MATCH (a:Account) RETURN a.id, a.balance", batch_size=3) as batches:
            ...     for batch in batches:
            ...         rows += batch.num_rows
            >>> rows
            4
        """
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
            raise ValidationError(f"batch_size must be a number from 1, not {batch_size!r}.", {"field": "batch_size"})
        if backend != "arrow":
            require(choose_backend(backend, "arrow"), "dataframe")
        headers = {**stream_headers(self.instance_url), "Accept": ARROW_STREAM}
        call = self._query_call(cypher, parameters, timeout, max_rows, query_id, headers, spill=True)

        def send() -> httpx.Response:
            response = self._send(call, stream=True)
            if not _is_arrow(response):
                response.close()
                raise ServerError("The instance did not answer with an Arrow stream.", hint="Use query() instead.")
            return response

        return ResultStream(send, backend, batch_size)

    def to_parquet(
        self,
        cypher: str,
        path: FilePath,
        parameters: Optional[Mapping[str, Any]] = None,
        *,
        compression: str = "zstd",
        timeout: Optional[float] = None,
        query_id: Optional[str] = None,
    ) -> int:
        """Run a read-only Cypher query straight into a Parquet file; only one batch at a time is in memory.

        The file appears under its name when it is whole; after an error there is none, and an older one stays.

        Args:
            cypher: One statement; refer to parameters as ``$name``.
            path: The file to write.
            parameters: Values by name, as for :meth:`query`.
            compression: ``"zstd"``, ``"snappy"``, ``"gzip"``, ``"lz4"`` or ``"none"``.
            timeout: Seconds until the server stops the query, 1 to 1800; the server's default is 55.
            query_id: A name of your own, for :meth:`cancel`.

        Returns:
            The number of rows.

        Raises:
            RyugraphError: The query is wrong, not allowed or failed.
            QueryTimeoutError: It took longer than ``timeout`` and was stopped.
            ConnectionError: The result was cut on the way.
            ValidationError: There is no such ``compression``.
            FileNotFoundError: The folder of ``path`` does not exist.
            ImportError: pyarrow is not installed.

        Example:
            >>> import os, tempfile
            >>> file = os.path.join(tempfile.mkdtemp(), "accounts.parquet")
            >>> conn.to_parquet("MATCH (a:Account) RETURN a.id AS id, a.balance AS balance", file)
            4
        """
        batches = self.stream(cypher, parameters, batch_size=_FILE_BATCH_ROWS, timeout=timeout, query_id=query_id)
        with whole_file(path) as partial:
            sink = ParquetSink(partial, compression)
            try:
                with batches:
                    for batch in batches:
                        sink.write(batch)
                sink.finish(batches.schema)
            finally:
                sink.abandon()
        return sink.rows


def _is_arrow(response: httpx.Response) -> bool:
    return bool(response.headers.get("Content-Type", "").partition(";")[0] == ARROW_STREAM)
