"""Everything about one HTTP call that needs no network: its description and reading its reply.

``http.py`` and ``aio/http.py`` add only the sending, so the rules are the same for both clients.
"""

from __future__ import annotations

import os
import random
import time
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Dict, Iterator, Mapping, Optional

import httpx

from graph_olap._retries import Repeat
from graph_olap.exceptions import (
    ConnectionError,
    GraphOLAPError,
    ServerError,
    TimeoutError,
    error_from_response,
    other_version,
)

__all__ = [
    "Call",
    "GraphOLAPWarning",
    "Repeat",
    "decode_json",
    "given",
    "list_params",
    "raise_for_error",
    "reading_errors",
    "translate",
]

_SERVE_HINT = "Is the server running? `graph-olap serve` starts one."
_STRANGER_HINT = (
    "Is api_url the address of a Graph OLAP server? A proxy or a login page may stand in between: open the address "
    "in a browser, or add the host to NO_PROXY."
)
_TLS_HINTS = {
    "certificate": (
        "The server's certificate is not trusted. Set SSL_CERT_FILE to the file of your organisation's certificate "
        "authority, or ask whether api_url names the right host."
    ),
    "tls": "The server does not speak TLS as asked: should api_url begin with http:// in place of https://?",
}
_CREDENTIALS = ("Authorization", "X-Internal-Api-Key", "X-Username")
_CREDENTIAL_HINT = (
    "Give the client an api_key (or a username, for a server on this machine), or set GRAPH_OLAP_API_KEY or "
    "GRAPH_OLAP_USERNAME."
)
_IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "DELETE")


_random = random.Random()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)  # parent and child must not make the same ids


def _new_id() -> str:
    """Return a random UUID. To ask the system for each one would make threads that call wait for each other."""
    return str(uuid.UUID(int=_random.getrandbits(128), version=4))


class GraphOLAPWarning(UserWarning):
    """Something the server or the SDK wants the analyst to know; the call itself succeeded."""


@dataclass(frozen=True)
class Call:
    """One call: what is asked, and whether it may be asked again.

    ``timeout`` limits the whole call in seconds, repeats included; without one the settings of the client do.
    """

    method: str
    url: str
    params: Optional[Mapping[str, Any]] = None
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: Optional[float] = None
    repeat: Repeat = Repeat.SAFE

    def build(self, client: Any, default_timeout: float) -> httpx.Request:
        """Build the request that all attempts share, so a repeat carries the same keys as the first attempt."""
        headers = {"X-Request-ID": _new_id(), **self.headers}
        method = self.method.upper()
        if method not in _IDEMPOTENT and self.repeat is Repeat.SAFE:
            headers.setdefault("Idempotency-Key", _new_id())
        params = {key: _query_value(value) for key, value in (self.params or {}).items() if value is not None}
        request: httpx.Request = client.build_request(
            method,
            _parsed(self.url),
            params=params or None,
            json=self.json,
            headers=headers,
            timeout=self.timeout or default_timeout,
        )
        return request


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    """Return a parsed address; most queries of a program go to the same one."""
    return httpx.URL(url)


def translate(error: Exception, request: httpx.Request) -> GraphOLAPError:
    """Turn an error of the HTTP library into the SDK's own, with a sentence that says what to do next."""
    where = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
    request_id = request.headers.get("X-Request-ID")
    details = {"method": request.method, "url": _without_query(request.url)}
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        problem = _tls_problem(error)
        if problem is not None:
            details["reason"] = problem
            return ConnectionError(f"No secure connection to {where} was made.", details, hint=_TLS_HINTS[problem])
        return ConnectionError(f"The Graph OLAP server at {where} could not be reached.", details, hint=_SERVE_HINT)
    if isinstance(error, httpx.TimeoutException):
        seconds = (request.extensions.get("timeout") or {}).get("read")
        limit = f" within {seconds:g} s" if seconds is not None else ""
        return TimeoutError(
            f"{request.method} {_without_query(request.url)} got no answer{limit}.",
            details,
            request_id=request_id,
            hint="The server may be busy: try again, or pass a longer timeout.",
        )
    if isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError)):
        return ConnectionError(
            f"The connection to {where} was lost before the answer was complete.",
            details,
            request_id=request_id,
            hint="Try again; if it happens every time, the server's log says why.",
        )
    return ConnectionError(
        f"The answer of {where} could not be read ({type(error).__name__}).", details, request_id=request_id
    )


@contextmanager
def reading_errors(request: httpx.Request) -> Iterator[None]:
    """Turn errors of the HTTP library inside the block into the SDK's own."""
    try:
        yield
    except httpx.HTTPError as error:
        raise translate(error, request) from None


def _tls_problem(error: BaseException) -> Optional[str]:
    text = str(error).upper()
    if "CERTIFICATE" in text or "HOSTNAME MISMATCH" in text:
        return "certificate"
    return "tls" if "SSL" in text or "TLS" in text else None


def raise_for_error(response: httpx.Response) -> None:
    """Raise the mapped exception unless the reply is a success."""
    if response.is_success:
        return
    request_id = response.headers.get("X-Request-ID") or response.request.headers.get("X-Request-ID")
    if response.is_redirect:
        raise ServerError(
            f"{_without_query(response.request.url)} answered with a redirect.",
            {"location": response.headers.get("Location")},
            request_id=request_id,
            status_code=response.status_code,
            hint="Use the final address as api_url.",
        )
    body = _json_or_none(response)
    error = error_from_response(response.status_code, body, request_id)
    if response.status_code == 401 and not any(name in response.request.headers for name in _CREDENTIALS):
        error.hint = _CREDENTIAL_HINT
    if not (isinstance(body, dict) and isinstance(body.get("error"), dict)):
        # Not written by a Graph OLAP server: say who spoke and in what, never what it said.
        error.message = (
            f"{_without_query(response.request.url)} answered {response.status_code} with {_kind(response)}."
        )
        error.args = (error.message,)
        error.hint = _STRANGER_HINT
    delay = _retry_after(response.headers.get("Retry-After"))
    if delay is not None:
        error.details.setdefault("retry_after_seconds", delay)
    raise error


def decode_json(response: httpx.Response) -> Dict[str, Any]:
    """Return the decoded body of a successful reply; surface the warnings of its ``meta``."""
    if response.status_code == 204:
        return {}
    data = _json_or_none(response)
    if not isinstance(data, dict):
        raise ServerError(
            f"{_without_query(response.request.url)} answered {response.status_code} with {_kind(response)} "
            "where a JSON object was expected.",
            {"content_type": response.headers.get("Content-Type")},
            request_id=response.headers.get("X-Request-ID"),
            status_code=response.status_code,
            hint=_STRANGER_HINT,
        )
    meta = data.get("meta")
    for text in (meta.get("warnings") if isinstance(meta, dict) else None) or ():
        warnings.warn(str(text), GraphOLAPWarning, stacklevel=5)
    return _Reply(data)


def list_params(limit: int, **filters: Any) -> Dict[str, Any]:
    """Return the query parameters of a list call; the server refuses more than 100 a page."""
    return {"limit": min(limit, 100), **filters}


def given(**fields: Any) -> Dict[str, Any]:
    """Return the fields that were given, for bodies in which an absent key means "leave it"."""
    return {key: value for key, value in fields.items() if value is not None}


class _Reply(Dict[str, Any]):
    """A decoded reply; a field that is missing is the server's fault, not the caller's."""

    def __missing__(self, key: str) -> Any:
        raise other_version(f"it has no field {key!r}", {"field": key})


def _kind(response: httpx.Response) -> str:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not response.content:
        return "an empty body"
    if kind == "text/html":
        return "an HTML page"
    return f"a body of type {kind}" if kind and kind != "application/json" else "JSON of another kind or broken JSON"


def _query_value(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else value


def _retry_after(text: Optional[str]) -> Optional[float]:
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _json_or_none(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _without_query(url: httpx.URL) -> str:
    return str(url.copy_with(query=None, fragment=None))
