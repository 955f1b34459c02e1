"""A connection to one running graph: Cypher queries, schema, lock and algorithms."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Type
from urllib.parse import quote

import httpx

from graph_olap._arrow import ARROW_STREAM, choose_backend, read_stream, to_frame
from graph_olap._optional import require
from graph_olap._parameters import encode_parameters
from graph_olap._request import Call, Repeat, decode_json, given
from graph_olap._values import PropertyTypes, converter, needs_property_types
from graph_olap._waiting import not_running_hint
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.aio.instance.algorithms import AsyncAlgorithmManager
from graph_olap.aio.instance.networkx import AsyncNetworkXManager
from graph_olap.config import Config
from graph_olap.exceptions import ConnectionError, GraphOLAPError, InvalidStateError, ValidationError
from graph_olap.models import GraphSchema, LockStatus, QueryInfo, QueryResult
from graph_olap.models.instance import Schema

__all__ = ["AsyncInstanceConnection"]

_SERVER_DEFAULT_TIMEOUT = 55.0  # what the instance uses when a query names no limit
_READ_MARGIN = 10.0  # the server answers a timeout itself; only a lost server is noticed by the read timeout


class AsyncInstanceConnection:
    """Queries and algorithms on a running instance; ``client.instances.connect(id)`` makes one.

    Args:
        instance_url: Base URL of the instance.
        api_key: API key or JWT; not needed together with ``http``.
        instance_id: Id of the instance, for messages.
        username: Sent as ``X-Username``; not needed together with ``http``.
        http: The HTTP client to use. Without it the connection makes its own and closes it in :meth:`aclose`.

    Attributes:
        algo: Native graph algorithms.
        networkx: Algorithms of NetworkX.

    Example:
        >>> graph = await client.instances.connect(instance.id)
        >>> result = await graph.query("MATCH (a:Account {city: $city}) RETURN a ORDER BY a.id", {"city": "Oslo"})
        >>> for row in result:
        ...     print(row["a"]["name"])
        Ada
        Cyd
    """

    def __init__(
        self,
        instance_url: str,
        api_key: Optional[str] = None,
        instance_id: Optional[int] = None,
        *,
        username: Optional[str] = None,
        http: Optional[AsyncHTTPClient] = None,
    ) -> None:
        self.instance_url = instance_url.rstrip("/")
        self.instance_id = instance_id
        self._owned = None if http is not None else AsyncHTTPClient(Config(instance_url, api_key, username=username))
        self._shared = http or self._owned
        self._closed = False
        self._property_types: Optional[PropertyTypes] = None
        self.algo = AsyncAlgorithmManager(self)
        self.networkx = AsyncNetworkXManager(self)

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"AsyncInstanceConnection({self.instance_url!r}, instance_id={self.instance_id}{state})"

    async def __aenter__(self) -> AsyncInstanceConnection:
        return self

    async def __aexit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; the instance goes on running. Closing twice is harmless.

        Example:
            >>> graph = await client.instances.connect(instance.id)
            >>> await graph.aclose()
        """
        self._closed = True
        if self._owned is not None:
            await self._owned.aclose()

    async def query(
        self,
        cypher: str,
        parameters: Optional[Mapping[str, Any]] = None,
        *,
        timeout: Optional[float] = None,
        coerce_types: bool = True,
        max_rows: Optional[int] = None,
        query_id: Optional[str] = None,
    ) -> QueryResult:
        """Run a read-only Cypher query.

        Args:
            cypher: One statement; refer to parameters as ``$name``.
            parameters: Values by name. Dates, datetimes, timedeltas, bytes, Decimals and UUIDs keep their type.
            timeout: Seconds until the server stops the query, 1 to 1800; the server's default is 55.
            coerce_types: Convert dates, timestamps, intervals, decimals and blobs to Python values; ``False`` leaves
                them as the JSON text.
            max_rows: Cut the result after so many rows; ``result.truncated`` then says so.
            query_id: A name of your own, for :meth:`cancel`.

        Returns:
            The rows, with Python values.

        Raises:
            RyugraphError: The query is wrong, not allowed or failed; ``details["kind"]`` says why.
            QueryTimeoutError: It took longer than ``timeout`` and was stopped.
            ValidationError: A parameter cannot be sent.

        Example:
            >>> result = await conn.query("MATCH (a:Account) WHERE a.balance > $min RETURN a.id", {"min": 50})
            >>> sorted(result["a.id"])
            ['A1', 'B4']
        """
        call = self._query_call(cypher, parameters, timeout, max_rows, query_id)
        return await self._result(await self._request(call), coerce_types)

    async def query_df(
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
            >>> df = await conn.query_df("MATCH (a)-[p:PAID]->(b) RETURN a.id, b.id, p.amount")
            >>> df.shape
            (4, 3)
        """
        chosen = choose_backend(backend)
        for package in ("pyarrow", chosen):
            require(package, "dataframe")  # before the query runs for nothing
        headers = {"Accept": f"{ARROW_STREAM}, application/json;q=0.5"}
        response = await self._send(self._query_call(cypher, parameters, timeout, max_rows, query_id, headers))
        if response.headers.get("Content-Type", "").partition(";")[0] == ARROW_STREAM:
            return to_frame(read_stream(response.content, response.headers.get("X-Request-ID")), chosen)
        result = await self._result(decode_json(response), coerce=True)
        return to_frame(result.to_arrow(), chosen)

    async def query_scalar(
        self, cypher: str, parameters: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None
    ) -> Any:
        """Run a query and return its single value.

        Args:
            cypher: A statement that gives one row and one column.
            parameters: Values by name, as for :meth:`query`.
            timeout: Seconds until the server stops the query.

        Returns:
            The value.

        Raises:
            ValueError: The result has more or fewer rows or columns.

        Example:
            >>> await conn.query_scalar("MATCH (n) RETURN count(n)")
            4
        """
        return (await self.query(cypher, parameters, timeout=timeout)).scalar()

    async def query_one(
        self, cypher: str, parameters: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None
    ) -> Optional[Dict[str, Any]]:
        """Run a query and return its single row as a dictionary, ``None`` when there is no row.

        Args:
            cypher: A statement that gives at most one row.
            parameters: Values by name, as for :meth:`query`.
            timeout: Seconds until the server stops the query.

        Returns:
            The row by column names, or ``None``.

        Raises:
            ValueError: There is more than one row.

        Example:
            >>> await conn.query_one("MATCH (a:Account {id: $id}) RETURN a.balance AS balance", {"id": "A1"})
            {'balance': 80.0}
        """
        result = await self.query(cypher, parameters, timeout=timeout)
        if len(result) > 1:
            raise ValueError(f"Expected at most one row, found {len(result):,}. Add LIMIT 1, or use query().")
        return result[0] if len(result) else None

    async def get_schema(self) -> Schema:
        """Get labels, relationship types, their properties and counts.

        Returns:
            The schema; print it for a table.

        Example:
            >>> sorted((await conn.get_schema()).node_labels)
            ['Account']
        """
        return Schema.from_graph_schema(await self._graph_schema())

    async def get_lock(self) -> LockStatus:
        """Get whether an algorithm holds the instance, and which.

        Returns:
            ``locked``, and by whom for which algorithm.

        Example:
            >>> (await conn.get_lock()).locked
            False
        """
        return LockStatus.from_dict((await self._get("/lock"))["lock"])

    async def status(self) -> Dict[str, Any]:
        """Get state, sizes and activity of the instance's process.

        Returns:
            A dictionary as in the API's ``GET /status``.

        Example:
            >>> (await conn.status())["instance_id"] == str(instance.id)
            True
        """
        status: Dict[str, Any] = await self._get("/status")
        return status

    async def queries(self) -> List[QueryInfo]:
        """List the queries that run now.

        Returns:
            The queries, oldest first.

        Example:
            >>> await conn.queries()
            []
        """
        return [QueryInfo.from_dict(item) for item in (await self._get("/queries"))["queries"]]

    async def cancel(self, query_id: str) -> None:
        """Stop a running query; whoever waits for it gets an error.

        Args:
            query_id: The name given to :meth:`query`, or an id from :meth:`queries`.

        Raises:
            NotFoundError: No such query runs (any more).

        Example:
            >>> from graph_olap import NotFoundError
            >>> try:
            ...     await conn.cancel("my-slow-query")
            ... except NotFoundError:
            ...     print("It has ended.")
            It has ended.
        """
        await self._send(Call("DELETE", f"{self.instance_url}/queries/{quote(query_id, safe='')}"))

    async def remove_property(self, label: str, name: str) -> None:
        """Remove a node property that an algorithm wrote.

        Args:
            label: Label of the nodes.
            name: Name of the property.

        Raises:
            ValidationError: The property belongs to the mapping.
            NotFoundError: There is no such property.

        Example:
            >>> execution = await conn.algo.wcc("Account", "component")
            >>> await conn.remove_property("Account", "component")
        """
        path = f"/algo/properties/{quote(label, safe='')}/{quote(name, safe='')}"
        await self._send(Call("DELETE", f"{self.instance_url}{path}"))
        self._property_types = None

    async def _graph_schema(self) -> GraphSchema:
        schema = GraphSchema.from_dict(await self._get("/schema"))
        self._property_types = PropertyTypes(schema)
        return schema

    async def _result(self, reply: Mapping[str, Any], coerce: bool) -> QueryResult:
        types = reply.get("column_types") or []
        if not coerce or not reply["rows"]:
            return QueryResult.from_reply(reply)
        if not needs_property_types(types):
            return QueryResult.from_reply(reply, _convert_rows(reply["rows"], types, None))
        is_fresh = self._property_types is None
        if is_fresh:
            await self._graph_schema()
        rows = _convert_rows(reply["rows"], types, self._property_types)
        if not is_fresh and self._property_types is not None and self._property_types.missed:
            # An algorithm, perhaps of somebody else, wrote a property after the schema was read.
            await self._graph_schema()
            rows = _convert_rows(reply["rows"], types, self._property_types)
        return QueryResult.from_reply(reply, rows)

    def _query_call(
        self,
        cypher: str,
        parameters: Optional[Mapping[str, Any]],
        timeout: Optional[float],
        max_rows: Optional[int],
        query_id: Optional[str],
        headers: Optional[Mapping[str, str]] = None,
    ) -> Call:
        if timeout is not None and timeout <= 0:
            raise ValidationError(f"timeout must be greater than 0 seconds, not {timeout!r}.", {"field": "timeout"})
        body = {
            "query": cypher,
            "parameters": encode_parameters(parameters),
            **given(timeout_ms=None if timeout is None else round(timeout * 1000), max_rows=max_rows),
        }
        return Call(
            "POST",
            f"{self.instance_url}/query",
            json=body,
            headers={**(headers or {}), **given(**{"X-Query-Id": query_id})},
            timeout=(timeout or _SERVER_DEFAULT_TIMEOUT) + _READ_MARGIN,
            repeat=Repeat.UNSENT,
        )

    async def _get(self, path: str, params: Optional[Mapping[str, Any]] = None) -> Any:
        return await self._request(Call("GET", f"{self.instance_url}{path}", params=params))

    async def _request(self, call: Call) -> Any:
        return decode_json(await self._send(call))

    async def _send(self, call: Call) -> httpx.Response:
        try:
            return await self._http.send(call)
        except ConnectionError as error:
            if self.instance_id is not None:
                await self._raise_if_suspended(self.instance_id)
                error.hint = (
                    f"Instance {self.instance_id} may have ended: client.instances.get({self.instance_id}) tells its "
                    "status and why."
                )
            raise

    async def _raise_if_suspended(self, instance_id: int) -> None:
        if self._owned is not None:
            return  # made without a client: nobody here knows where to ask
        try:
            status = (await self._http.get(f"/api/instances/{instance_id}"))["data"]["status"]
        except GraphOLAPError:
            return
        if status in ("suspended", "resuming"):
            raise InvalidStateError(
                f"Instance {instance_id} is {status}; it must be running.",
                {
                    "resource": "instance",
                    "resource_id": instance_id,
                    "current_state": status,
                    "required_state": "running",
                },
                hint=not_running_hint(instance_id, status),
            ) from None

    @property
    def _http(self) -> AsyncHTTPClient:
        if self._closed or self._shared is None:
            raise InvalidStateError(
                "This connection is closed.",
                {"resource": "instance", "resource_id": self.instance_id, "current_state": "closed"},
                hint="client.instances.connect() makes a new one.",
            )
        return self._shared


def _convert_rows(rows: List[List[Any]], types: List[str], properties: Optional[PropertyTypes]) -> List[List[Any]]:
    converters = [(index, converter(text, properties)) for index, text in enumerate(types)]
    active = [(index, convert) for index, convert in converters if convert is not None]
    if not active:
        return rows
    converted = []
    for row in rows:
        values = list(row)
        for index, convert in active:
            if values[index] is not None:
                values[index] = convert(values[index])
        converted.append(values)
    return converted
