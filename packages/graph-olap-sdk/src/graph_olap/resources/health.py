# Derived from graph_olap/aio/resources/health.py; edit that file and run `make sync`.
"""Health of the control plane."""

from __future__ import annotations

from graph_olap.http import HTTPClient
from graph_olap.models import HealthStatus

__all__ = ["HealthResource"]


class HealthResource:
    """Check whether the platform is up.

    Example:
        >>> client.health.check().status
        'healthy'
        >>> client.health.ready().database
        'connected'
    """

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def check(self) -> HealthStatus:
        """Return whether the process is up, and its version.

        Returns:
            ``status`` and ``version``.

        Example:
            >>> client.health.check().status
            'healthy'
        """
        return HealthStatus.from_api_response(self._http.get("/health"))

    def ready(self) -> HealthStatus:
        """Return whether the platform can work, its database included.

        Returns:
            ``status``, ``version`` and ``database``.

        Raises:
            ServiceUnavailableError: It is not ready.

        Example:
            >>> client.health.ready().database
            'connected'
        """
        return HealthStatus.from_api_response(self._http.get("/ready"))
