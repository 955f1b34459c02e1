"""Health of the control plane."""

from __future__ import annotations

from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.models import HealthStatus

__all__ = ["AsyncHealthResource"]


class AsyncHealthResource:
    """Check whether the platform is up.

    Example:
        >>> (await client.health.check()).status
        'healthy'
        >>> (await client.health.ready()).database
        'connected'
    """

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._http = http

    async def check(self) -> HealthStatus:
        """Return whether the process is up, and its version.

        Returns:
            ``status`` and ``version``.

        Example:
            >>> (await client.health.check()).status
            'healthy'
        """
        return HealthStatus.from_api_response(await self._http.get("/health"))

    async def ready(self) -> HealthStatus:
        """Return whether the platform can work, its database included.

        Returns:
            ``status``, ``version`` and ``database``.

        Raises:
            ServiceUnavailableError: It is not ready.

        Example:
            >>> (await client.health.ready()).database
            'connected'
        """
        return HealthStatus.from_api_response(await self._http.get("/ready"))
