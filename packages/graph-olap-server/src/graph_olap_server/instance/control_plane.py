"""The instance's line to the control plane: one pooled HTTP client whose address may move."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from graph_olap_server.domain.instance_config import CONTROL_PLANE_URL_FILE, InstanceConfig
from graph_olap_server.logs import event

if TYPE_CHECKING:
    import httpx

__all__ = ["ActivityReporter", "ControlPlane", "ControlPlaneUnreachable", "Reply"]

_log = logging.getLogger(__name__)


class ControlPlaneUnreachable(Exception):
    """No usable answer came from the control plane."""


class Reply(NamedTuple):
    """Status and decoded JSON body (``None`` when there is none)."""

    status: int
    body: Any


class ControlPlane:
    """Calls the control plane with the internal key.

    The address is in a file of the instance's folder; a restarted control plane rewrites it, so the file is read again
    whenever a call fails.
    """

    def __init__(self, config: InstanceConfig, *, timeout_seconds: float = 3.0) -> None:
        self._url_file = config.folder / CONTROL_PLANE_URL_FILE
        self._headers = {"X-Internal-Api-Key": config.internal_api_key}
        self._prefix = f"/api/internal/instances/{config.instance_id}"
        self._timeout_seconds = timeout_seconds
        self._url: str | None = None
        self._client: httpx.AsyncClient | None = None
        self._preparing = threading.Lock()

    async def post(self, path: str, body: Any = None) -> Reply:
        """Post to ``/api/internal/instances/{id}`` + ``path``.

        Raises:
            ControlPlaneUnreachable: Also after the address was read again.
        """
        if self._url is not None:
            try:
                return await self._attempt(self._url, path, body)
            except ControlPlaneUnreachable as error:
                event(_log, "control_plane_call_failed", level=logging.WARNING, path=path, error=str(error))
        self._url = await asyncio.to_thread(self._read_url)
        if self._url is None:
            raise ControlPlaneUnreachable(f"no address in {CONTROL_PLANE_URL_FILE}")
        return await self._attempt(self._url, path, body)

    def prepare(self) -> httpx.AsyncClient:
        """Return the HTTP client, and make it when there is none; safe in any thread.

        Its import and its certificates take a tenth of a second: the server listens before, and no query waits for it.
        """
        import httpx

        with self._preparing:
            if self._client is None:
                self._client = httpx.AsyncClient(timeout=self._timeout_seconds, headers=self._headers, trust_env=False)
            return self._client

    async def close(self) -> None:
        """Close the pooled connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _attempt(self, url: str, path: str, body: Any) -> Reply:
        import httpx

        client = self.prepare()
        try:
            response = await client.post(f"{url}{self._prefix}{path}", json=body)
            decoded = response.json() if response.content else None
        except (httpx.TransportError, httpx.InvalidURL, ValueError) as error:
            raise ControlPlaneUnreachable(f"{type(error).__name__}: {error}") from error
        if response.status_code >= 500:
            raise ControlPlaneUnreachable(f"the control plane answered {response.status_code}")
        return Reply(response.status_code, decoded)

    def _read_url(self) -> str | None:
        try:
            return self._url_file.read_text().strip().rstrip("/") or None
        except FileNotFoundError:
            return None


class ActivityReporter:
    """Tells the control plane that the instance is in use: in the background and at most once an interval."""

    def __init__(self, control_plane: ControlPlane, *, interval_seconds: float = 30.0) -> None:
        self._control_plane = control_plane
        self._interval_seconds = interval_seconds
        self._next = 0.0
        self._task: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Get ready for the first report, and for whatever else is to be asked there; safe in any thread."""
        self._control_plane.prepare()

    def touch(self) -> None:
        """Note activity; returns at once."""
        now = time.monotonic()
        if now >= self._next and (self._task is None or self._task.done()):
            self._next = now + self._interval_seconds
            self._task = asyncio.get_running_loop().create_task(self._report())

    async def _report(self) -> None:
        try:
            await self._control_plane.post("/activity")
        except ControlPlaneUnreachable as error:
            event(_log, "activity_not_reported", level=logging.WARNING, reason=str(error))

    async def close(self) -> None:
        """Stop a report that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
