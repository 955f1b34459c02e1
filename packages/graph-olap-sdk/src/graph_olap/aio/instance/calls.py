"""What every call to an instance has in common: its address, its errors, its values."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

import httpx

from graph_olap._parameters import encode_parameters
from graph_olap._query_arguments import check_query_arguments, in_seconds
from graph_olap._request import Call, Repeat, decode_json, given
from graph_olap._values import PropertyTypes, converter, needs_property_types
from graph_olap._waiting import lost_hint, not_running_hint
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.exceptions import ConnectionError, GraphOLAPError, InvalidStateError, NotFoundError, ValidationError
from graph_olap.models import GraphSchema, Instance, QueryResult

__all__ = ["AsyncInstanceCalls"]

_SERVER_DEFAULT_TIMEOUT = 55.0  # what the instance uses when a query names no limit
_LONGEST_TIMEOUT = 1800.0  # of any server; it refuses more
_READ_MARGIN = 10.0  # the server answers a timeout itself; only a lost server is noticed by the read timeout


class AsyncInstanceCalls:
    """The private half of a connection."""

    instance_url: str
    instance_id: Optional[int]
    _owned: Optional[AsyncHTTPClient]
    _shared: Optional[AsyncHTTPClient]
    _closed: bool
    _property_types: Optional[PropertyTypes]

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
        spill: Optional[bool] = None,
    ) -> Call:
        check_query_arguments(cypher, timeout, max_rows, query_id)
        body = {
            "query": cypher,
            "parameters": encode_parameters(parameters),
            **given(
                timeout_ms=None if timeout is None else round(timeout * 1000),
                max_rows=None if max_rows is None else int(max_rows),
                spill=spill,
            ),
        }
        return Call(
            "POST",
            f"{self.instance_url}/query",
            json=body,
            headers={**(headers or {}), **given(**{"X-Query-Id": query_id})},
            timeout=min(float(timeout or _SERVER_DEFAULT_TIMEOUT), _LONGEST_TIMEOUT) + _READ_MARGIN,
            repeat=Repeat.UNSENT,
        )

    async def _get(self, path: str, params: Optional[Mapping[str, Any]] = None) -> Any:
        return await self._request(Call("GET", f"{self.instance_url}{path}", params=params))

    async def _request(self, call: Call) -> Any:
        return decode_json(await self._send(call))

    async def _send(self, call: Call, *, stream: bool = False) -> httpx.Response:
        try:
            return await self._http.send(call, stream=stream, why_refused=self._why_refused)
        except ValidationError as error:
            if error.details.get("field") == "timeout_ms":
                raise in_seconds(error) from None
            raise
        except ConnectionError as error:
            if self.instance_id is not None:
                error.hint = await self._why_unreachable(self.instance_id)
            raise

    async def _why_refused(self, error: GraphOLAPError) -> Optional[GraphOLAPError]:
        """Return what there is to know about an instance that takes no connection; ``None`` when it may take one."""
        if self.instance_id is None:
            return None
        try:
            hint = await self._why_unreachable(self.instance_id)
        except GraphOLAPError as known:
            return known
        return None if hint == lost_hint(self.instance_id) else ConnectionError(error.message, error.details, hint=hint)

    async def _why_unreachable(self, instance_id: int) -> str:
        """Return a hint.

        Raises:
            InvalidStateError: The instance does not run now.
            NotFoundError: It is gone.
        """
        unknown = lost_hint(instance_id)
        if self._owned is not None:
            return unknown  # made without a client: nobody here knows where to ask
        try:
            asked = Call("GET", f"/api/instances/{instance_id}", repeat=Repeat.NEVER)
            instance = Instance.from_dict((await self._http.call(asked))["data"])
        except NotFoundError:
            raise NotFoundError(
                f"Instance {instance_id} does not exist any more; it was terminated, or its time was over.",
                {"resource": "instance", "resource_id": instance_id},
                hint="client.instances.list() shows those that exist.",
            ) from None
        except GraphOLAPError:
            return unknown
        status = instance.status
        if status == "failed":
            return f"Instance {instance_id} failed: {instance.error_message or instance.error_code}"
        url = self._http.config.instance_base_url(instance.instance_url, instance.pod_name)
        if status == "running" and url is not None and url != self.instance_url:
            return (
                f"Instance {instance_id} was started again and has another address: connect again with "
                f"client.instances.connect({instance_id})."
            )
        if status in ("suspended", "resuming", "starting"):
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
        return unknown

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
