# Derived from graph_olap/aio/instance/connection.py; edit that file and run `make sync`.
"""A connection to one running graph: Cypher queries, schema, lock and algorithms."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Type
from urllib.parse import quote

from graph_olap._query_arguments import check_query_arguments, check_query_id
from graph_olap._request import Call
from graph_olap._values import PropertyTypes
from graph_olap.config import Config
from graph_olap.http import HTTPClient
from graph_olap.instance.algorithms import AlgorithmManager
from graph_olap.instance.large_results import LargeResults
from graph_olap.instance.networkx import NetworkXManager
from graph_olap.instance.projections import Projections
from graph_olap.instance.search import Searches
from graph_olap.models import LockStatus, QueryInfo, QueryResult
from graph_olap.models.instance import QueryPlan, Schema

__all__ = ["InstanceConnection"]


class InstanceConnection(Projections, Searches, LargeResults):
    """Queries and algorithms on a running instance; ``client.instances.connect(id)`` makes one.

    Args:
        instance_url: Base URL of the instance.
        api_key: API key or JWT; not needed together with ``http``.
        instance_id: Id of the instance, for messages.
        username: Sent as ``X-Username``; not needed together with ``http``.
        http: The HTTP client to use. Without it the connection makes its own and closes it in :meth:`close`.

    Attributes:
        algo: Native graph algorithms.
        networkx: Algorithms of NetworkX.

    Example:
        >>> graph = client.instances.connect(instance.id)
        >>> result = graph.query("MATCH (a:Account {city: $city}) RETURN a ORDER BY a.id", {"city": "Oslo"})
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
        http: Optional[HTTPClient] = None,
    ) -> None:
        self.instance_url = instance_url.rstrip("/")
        self.instance_id = instance_id
        self._owned = None if http is not None else HTTPClient(Config(instance_url, api_key, username=username))
        self._shared = http or self._owned
        self._closed = False
        self._property_types: Optional[PropertyTypes] = None
        self.algo: AlgorithmManager = AlgorithmManager(self)
        self.networkx: NetworkXManager = NetworkXManager(self)

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        return f"InstanceConnection({self.instance_url!r}, instance_id={self.instance_id}{state})"

    def __enter__(self) -> InstanceConnection:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the instance goes on running. Closing twice is harmless.

        Example:
            >>> graph = client.instances.connect(instance.id)
            >>> graph.close()
        """
        self._closed = True
        if self._owned is not None:
            self._owned.close()

    def query(
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
            >>> result = conn.query("MATCH (a:Account) WHERE a.balance > $min RETURN a.id", {"min": 50})
            >>> sorted(result["a.id"])
            ['A1', 'B4']
        """
        call = self._query_call(cypher, parameters, timeout, max_rows, query_id)
        return self._result(self._request(call), coerce_types)

    def query_scalar(
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
            >>> conn.query_scalar("MATCH (n) RETURN count(n)")
            4
        """
        return self.query(cypher, parameters, timeout=timeout).scalar()

    def query_one(
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
            >>> conn.query_one("MATCH (a:Account {id: $id}) RETURN a.balance AS balance", {"id": "A1"})
            {'balance': 80.0}
        """
        result = self.query(cypher, parameters, timeout=timeout)
        if len(result) > 1:
            raise ValueError(f"Expected at most one row, found {len(result):,}. Add LIMIT 1, or use query().")
        return result[0] if len(result) else None

    def explain(self, cypher: str, parameters: Optional[Mapping[str, Any]] = None) -> QueryPlan:
        """Get the engine's plan for a query without running it.

        Args:
            cypher: One statement.
            parameters: Values by name, as for :meth:`query`.

        Returns:
            The plan, a text that shows itself line by line in a notebook; of a UNION, the plans of its parts.

        Raises:
            RyugraphError: The query is wrong or not allowed.

        Example:
            >>> plan = conn.explain("MATCH (a:Account) WHERE a.balance > 50 RETURN a.id")
            >>> "SCAN_NODE_TABLE" in plan
            True
        """
        check_query_arguments(cypher, None, None, None)
        return QueryPlan.of(self.query(f"EXPLAIN {cypher}", parameters).rows)

    def profile(
        self, cypher: str, parameters: Optional[Mapping[str, Any]] = None, *, timeout: Optional[float] = None
    ) -> QueryPlan:
        """Run a query and get its plan with the time and the rows of each step; the result itself is not fetched.

        Args:
            cypher: One statement.
            parameters: Values by name, as for :meth:`query`.
            timeout: Seconds until the server stops the query, 1 to 1800; the server's default is 55.

        Returns:
            The plan, a text that shows itself line by line in a notebook; of a UNION, the plans of its parts.

        Raises:
            RyugraphError: The query is wrong, not allowed or failed.
            QueryTimeoutError: It took longer than ``timeout`` and was stopped.

        Example:
            >>> "ExecutionTime" in conn.profile("MATCH (a:Account) RETURN count(a)")
            True
        """
        check_query_arguments(cypher, timeout, None, None)
        return QueryPlan.of(self.query(f"PROFILE {cypher}", parameters, timeout=timeout).rows)

    def get_schema(self) -> Schema:
        """Get labels, relationship types, their properties, counts and a few values of each property.

        Returns:
            The schema; print it for a table. What algorithms wrote is in it.

        Example:
            >>> schema = conn.get_schema()
            >>> sorted(schema.node_labels)
            ['Account']
            >>> len(schema.samples["Account"]["city"]) > 0
            True
        """
        return Schema.from_graph_schema(self._graph_schema())

    def get_lock(self) -> LockStatus:
        """Get whether an algorithm holds the instance, and which.

        Returns:
            ``locked``, and by whom for which algorithm.

        Example:
            >>> conn.get_lock().locked
            False
        """
        return LockStatus.from_dict(self._get("/lock")["lock"])

    def status(self) -> Dict[str, Any]:
        """Get state, sizes, engine and activity of the instance's process.

        Returns:
            A dictionary as in the API's ``GET /status``: among others ``memory_usage_bytes``, ``disk_usage_bytes``,
            ``uptime_seconds``, ``node_count``, ``edge_count``, ``engine``, ``engine_version`` and ``threads``.

        Example:
            >>> conn.status()["instance_id"] == str(instance.id)
            True
        """
        status: Dict[str, Any] = self._get("/status")
        return status

    def queries(self) -> List[QueryInfo]:
        """List the queries that run now: who started which one, when, how long it runs, and how many rows it has given.

        Returns:
            The queries, oldest first; ``row_count`` is ``None`` until the engine has the result.

        Example:
            >>> conn.queries()
            []
        """
        return [QueryInfo.from_dict(item) for item in self._get("/queries")["queries"]]

    def cancel(self, query_id: str) -> None:
        """Stop a running query; whoever waits for it gets an error.

        Args:
            query_id: The name given to :meth:`query`, or an id from :meth:`queries`.

        Raises:
            NotFoundError: No such query runs (any more).

        Example:
            >>> from graph_olap import NotFoundError
            >>> try:
            ...     conn.cancel("my-slow-query")
            ... except NotFoundError:
            ...     print("It has ended.")
            It has ended.
        """
        check_query_id(query_id)
        self._send(Call("DELETE", f"{self.instance_url}/queries/{quote(query_id, safe='')}"))

    def remove_property(self, label: str, name: str) -> None:
        """Remove a node property that an algorithm wrote.

        Args:
            label: Label of the nodes.
            name: Name of the property.

        Raises:
            ValidationError: The property belongs to the mapping.
            NotFoundError: There is no such property.

        Example:
            >>> execution = conn.algo.wcc("Account", "component")
            >>> conn.remove_property("Account", "component")
        """
        path = f"/algo/properties/{quote(label, safe='')}/{quote(name, safe='')}"
        self._send(Call("DELETE", f"{self.instance_url}{path}"))
        self._property_types = None
