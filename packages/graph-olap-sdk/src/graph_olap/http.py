# Derived from graph_olap/aio/http.py; edit that file and run `make sync`.
"""The one door to the network: build the request, repeat as the rules allow, attempt once, read the reply."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict, Mapping, Optional

import httpx
from tenacity import Retrying, retry_if_exception

from graph_olap._direct import DirectClient
from graph_olap._request import Call, decode_json, raise_for_error, translate
from graph_olap._retries import Attempts
from graph_olap._tls import shared_tls
from graph_olap.config import Config
from graph_olap.exceptions import GraphOLAPError, InvalidStateError

__all__ = ["HTTPClient"]

# As many may ask at a time as a program has threads or tasks; each that goes on asking keeps its connection.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=5)

WhyRefused = Callable[[GraphOLAPError], Optional[GraphOLAPError]]
"""Tells why a server takes no connection, ``None`` when it may take one soon."""


class HTTPClient:
    """HTTP client with credentials, retries and error handling; shared by all resources and connections of a client.

    Args:
        config: Address, credentials and limits.
        transport: Replaces the network; for tests.
        sleep: Replaces the wait between attempts and polls; for tests.
    """

    def __init__(
        self,
        config: Config,
        *,
        transport: Optional[httpx.BaseTransport] = None,
        sleep: Optional[Callable[[float], None]] = None,
    ) -> None:
        self.config = config
        self.sleep: Callable[[float], None] = sleep or time.sleep
        self._transport = transport
        self._client = self._connect()
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"HTTPClient({self.config.api_url!r})"

    @property
    def is_closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._client.is_closed

    def close(self) -> None:
        """Close the connections; closing twice is harmless."""
        self._client.close()

    def get(self, path: str, params: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
        """Send a GET and return the decoded body."""
        return self.call(Call("GET", path, params=params))

    def post(self, path: str, json: Any = None) -> Dict[str, Any]:
        """Send a POST with a fresh idempotency key and return the decoded body."""
        return self.call(Call("POST", path, json=json))

    def put(self, path: str, json: Any = None) -> Dict[str, Any]:
        """Send a PUT with a fresh idempotency key and return the decoded body."""
        return self.call(Call("PUT", path, json=json))

    def delete(self, path: str, json: Any = None) -> Dict[str, Any]:
        """Send a DELETE and return the decoded body, ``{}`` when there is none."""
        return self.call(Call("DELETE", path, json=json))

    def get_text(self, path: str) -> str:
        """Send a GET and return the body as text."""
        response = self.send(Call("GET", path, headers={"Accept": "text/plain"}))
        return response.text

    def request(
        self, method: str, path: str, params: Optional[Mapping[str, Any]] = None, json: Any = None
    ) -> Dict[str, Any]:
        """Send a request by its parts and return the decoded body.

        Args:
            method: HTTP method, in capitals.
            path: Path under ``api_url``, or a whole URL.
            params: Query parameters; those that are ``None`` are left out.
            json: Body, anything JSON can say.

        Returns:
            The decoded body, ``{}`` when there is none.

        Raises:
            GraphOLAPError: One of its subclasses, see :mod:`graph_olap.exceptions`.
        """
        return self.call(Call(method, path, params=params, json=json))

    def call(self, call: Call) -> Dict[str, Any]:
        """Send a call and return the decoded body; every reply of the contract is an object.

        Raises:
            GraphOLAPError: One of its subclasses, see :mod:`graph_olap.exceptions`.
        """
        return decode_json(self.send(call))

    def send(
        self,
        call: Call,
        *,
        stream: bool = False,
        why_refused: Optional[WhyRefused] = None,
    ) -> httpx.Response:
        """Send a call, repeating it as its rules allow, and return the successful reply.

        Args:
            call: What is asked.
            stream: Return as soon as the head of the reply is there; the caller reads the body and closes the reply.
            why_refused: Asked whenever no connection is made: an error that it returns is raised at once, as it is
                of no use to go on trying.

        Raises:
            GraphOLAPError: One of its subclasses, see :mod:`graph_olap.exceptions`.
        """
        if self.is_closed:
            raise InvalidStateError(
                "This client is closed.", {"current_state": "closed"}, hint="Create a new one to go on."
            )
        if self._process != os.getpid():
            # A fork copied the parent's sockets; two processes on one of them would read each other's answers.
            self._client, self._process = self._connect(), os.getpid()
        request = call.build(self._client, self.config.timeout)
        attempts = Attempts(call, self.config)
        retrying = Retrying(
            stop=attempts.exhausted,
            wait=attempts.delay,
            retry=retry_if_exception(attempts.may_repeat),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            for attempt in retrying:
                with attempt:
                    attempts.limit(request)
                    try:
                        response = self._attempt(request, stream)
                    except httpx.HTTPError as error:
                        attempts.lost(error)
                        failure = translate(error, request)
                        if why_refused is not None and attempts.is_refusal(error):
                            known = why_refused(failure)
                            if known is not None:
                                attempts.give_up()
                                failure = known
                        # The context stays for debuggers and the rules of repeating; a traceback shows the sentence.
                        raise failure from None
                    if attempts.deleted_before(response):
                        return httpx.Response(204, request=request)
                    raise_for_error(response)
        except GraphOLAPError as error:
            # The same error, without the frames of the loop above, which say nothing to an analyst.
            raise error.with_traceback(None)  # noqa: B904
        return response

    def _attempt(self, request: httpx.Request, stream: bool) -> httpx.Response:
        response = self._client.send(request, stream=stream)
        if stream and not response.is_success:
            response.read()  # the error is in it
        return response

    def _connect(self) -> httpx.Client:
        return DirectClient(
            base_url=self.config.api_url,
            headers=self.config.headers(),
            timeout=self.config.timeout,
            transport=self._transport,
            verify=shared_tls(),
            limits=_LIMITS,
        )
