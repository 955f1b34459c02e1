"""The blocking client's way to a server: httpx's interface on the standard library's connections.

A query of a millisecond is mostly spent between the analyst and the socket. :class:`DirectClient` leaves out of
:class:`httpx.Client` what a call to a Graph OLAP server has no use for (authentication flows, redirects, a parser in
Python), in half of its time. Requests, replies, errors and time limits are those of httpx; where a proxy or another
transport is set, httpx does the work itself.
"""

from __future__ import annotations

import http.client
import logging
import re
import select
import socket
import ssl
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Tuple, Type
from urllib.request import getproxies

import httpx

__all__ = ["AsyncDirectClient", "DirectClient", "DirectTransport"]

AsyncDirectClient = httpx.AsyncClient
"""What the asynchronous client uses in its place: many calls of one thread spend their time on each other anyway."""

_log = logging.getLogger(__name__)

_PIECE = 64 * 1024
_HTTP_1_1 = 11
_PROXIED = {"http", "https", "all"}
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_Origin = Tuple[str, str, int]


class DirectClient(httpx.Client):
    """An :class:`httpx.Client` whose calls go straight to a :class:`DirectTransport`.

    Args:
        transport: Replaces the network, and with it the short way.
        verify: Certificates that are trusted.
        limits: How long an idle connection is kept; their number is not limited.
        kwargs: What else :class:`httpx.Client` takes.
    """

    def __init__(
        self,
        *,
        transport: Optional[httpx.BaseTransport] = None,
        verify: ssl.SSLContext,
        limits: httpx.Limits,
        **kwargs: Any,
    ) -> None:
        self._direct = None
        if transport is None and not _PROXIED & getproxies().keys():
            transport = self._direct = DirectTransport(verify, limits.keepalive_expiry)
        super().__init__(transport=transport, verify=verify, limits=limits, **kwargs)

    def send(self, request: httpx.Request, *, stream: bool = False, **kwargs: Any) -> httpx.Response:
        """Send a request; ``stream`` leaves the body to the caller, who closes the reply.

        Raises:
            httpx.TransportError: As httpx does.
        """
        direct = self._direct
        if direct is None or kwargs or request.url.userinfo or any(self.event_hooks.values()):
            return super().send(request, stream=stream, **kwargs)
        response = direct.handle_request(request)
        if "set-cookie" in response.headers:
            self.cookies.extract_cookies(response)
        if not stream:
            try:
                response.read()
            except BaseException:
                response.close()
                raise
        _log.debug("%s %s %d", request.method, request.url, response.status_code)
        return response


class DirectTransport(httpx.BaseTransport):
    """Connections to servers, as many as are used at a time, each kept for a while.

    Args:
        verify: Certificates that are trusted.
        keep_seconds: How long an idle connection is kept; ``None`` is for ever.
    """

    def __init__(self, verify: ssl.SSLContext, keep_seconds: Optional[float]) -> None:
        self._verify = verify
        self._keep_seconds = keep_seconds
        self._idle: Dict[_Origin, List[Tuple[float, http.client.HTTPConnection]]] = {}
        self._closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the reply as soon as its head is there.

        Raises:
            httpx.TransportError: As httpx does.
        """
        seconds = request.extensions.get("timeout", {})
        origin = _origin(request.url)
        connection = self._taken(origin) or self._made(origin, seconds.get("connect"), request)
        try:
            unsent = _send(connection, request, seconds.get("write"))
            with _errors(request, httpx.ReadTimeout, httpx.ReadError):
                connection.sock.settimeout(seconds.get("read"))
                try:
                    reply = connection.getresponse()
                except (OSError, http.client.HTTPException):
                    if unsent is not None:
                        raise unsent from None
                    raise
        except BaseException:
            connection.close()
            raise
        # The parser of the standard library reads heads as Latin-1, which gives back every byte.
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.getheaders()]
        return httpx.Response(
            reply.status,
            headers=headers,
            stream=_Body(self, origin, connection, reply, request, reusable=unsent is None),
            request=request,
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": reply.reason.encode("latin-1")},
        )

    def close(self) -> None:
        """Close all connections; those in use close when their reply has been read."""
        self._closed = True
        for kept in list(self._idle.values()):
            while kept:
                kept.pop()[1].close()

    def give_back(self, origin: _Origin, connection: http.client.HTTPConnection) -> None:
        """Keep a connection on which a reply has been read to its end."""
        self._idle.setdefault(origin, []).append((time.monotonic(), connection))
        if self._closed:
            self.close()

    def _taken(self, origin: _Origin) -> Optional[http.client.HTTPConnection]:
        """Take the connection used last, if it still stands; whatever a server sends unasked is its farewell."""
        kept = self._idle.get(origin)
        while kept:
            try:
                since, connection = kept.pop()
            except IndexError:  # another thread took it
                return None
            fresh = self._keep_seconds is None or time.monotonic() - since < self._keep_seconds
            if fresh and not _is_readable(connection.sock):
                return connection
            connection.close()
        return None

    def _made(self, origin: _Origin, seconds: Optional[float], request: httpx.Request) -> http.client.HTTPConnection:
        scheme, host, port = origin
        connection = (
            http.client.HTTPSConnection(host, port, timeout=seconds, context=self._verify)
            if scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=seconds)
        )
        connection.auto_open = 0  # a lost connection is an error, not a new connection
        try:
            with _errors(request, httpx.ConnectTimeout, httpx.ConnectError):
                connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection


class _Body(httpx.SyncByteStream):
    """The body of a reply; its connection goes back when all of it was read, and is closed otherwise."""

    def __init__(
        self,
        transport: DirectTransport,
        origin: _Origin,
        connection: http.client.HTTPConnection,
        reply: http.client.HTTPResponse,
        request: httpx.Request,
        *,
        reusable: bool,
    ) -> None:
        self._transport = transport
        self._origin = origin
        self._connection: Optional[http.client.HTTPConnection] = connection
        self._reply = reply
        self._request = request
        self._reusable = reusable
        self._complete = False

    def __iter__(self) -> Iterator[bytes]:
        reply = self._reply
        with _errors(self._request, httpx.ReadTimeout, httpx.ReadError):
            # read1 gives what is there, but only in chunked replies does every version of Python know their end.
            read = reply.read1 if reply.chunked else reply.read
            # A head that breaks off is taken for a whole one, with a body to the end of the connection: nothing.
            begun = reply.chunked or reply.length is not None or reply.version < _HTTP_1_1
            while piece := read(_PIECE):
                begun = True
                yield piece
            if reply.length or not begun:
                raise http.client.IncompleteRead(b"", reply.length)
        self._complete = True

    def close(self) -> None:
        """Give the connection back, or end it with what is left unread."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._complete and self._reusable and not self._reply.will_close:
            self._transport.give_back(self._origin, connection)
        else:
            connection.close()
        self._reply.close()

    def __del__(self) -> None:
        """End the connection of a reply that nobody reads or closes; no pool knows of it."""
        self.close()


def _send(
    connection: http.client.HTTPConnection, request: httpx.Request, seconds: Optional[float]
) -> Optional[Exception]:
    """Send a request; an error is returned, as a server may answer before it has read everything."""
    connection.sock.settimeout(seconds)
    target = request.url.raw_path.decode("ascii")
    if _CONTROL.search(b"".join(value for _, value in request.headers.raw)):
        raise httpx.LocalProtocolError("A header holds a line break or another control character.", request=request)
    try:
        with _errors(request, httpx.WriteTimeout, httpx.WriteError):
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.raw:
                connection.putheader(name, value)
            connection.endheaders(request.read())
    except httpx.WriteError as error:
        return error
    return None


def _is_readable(sock: socket.socket) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _origin(url: httpx.URL) -> _Origin:
    return url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)


@contextmanager
def _errors(
    request: httpx.Request, timed_out: Type[httpx.TimeoutException], broken: Type[httpx.NetworkError]
) -> Iterator[None]:
    """Turn the standard library's errors inside the block into those of httpx."""
    try:
        yield
    except socket.timeout as error:
        raise timed_out(str(error), request=request) from error
    except http.client.HTTPException as error:
        raise httpx.RemoteProtocolError(str(error) or type(error).__name__, request=request) from error
    except OSError as error:
        raise broken(str(error), request=request) from error
