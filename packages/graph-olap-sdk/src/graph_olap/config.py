"""Where the platform is and who is calling."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional
from urllib.parse import urlsplit

from graph_olap._version import package_version

__all__ = ["DEFAULT_NAMESPACE", "LOCAL_API_URL", "Config"]

LOCAL_API_URL = "http://localhost:8000"
"""Where ``graph-olap serve`` listens by default."""

DEFAULT_NAMESPACE = "graph-olap-local"
"""Kubernetes namespace when ``GRAPH_OLAP_NAMESPACE`` is not set."""

_TOTAL_TIMEOUT = 120.0
_TRUE = ("1", "true", "yes", "on")


@dataclass(frozen=True)
class Config:
    """Connection settings of a client; keys never show up in its ``repr``.

    Attributes:
        api_url: Base URL of the control plane, without a trailing slash.
        api_key: API key or JWT, sent as ``Authorization: Bearer``.
        internal_api_key: Shared secret between services, sent as ``X-Internal-Api-Key`` in place of the bearer header.
        username: Sent as ``X-Username``; trusted only by servers in development mode or together with the internal key.
        role: Sent as ``X-User-Role``, under the same condition.
        timeout: Seconds to wait for an answer to one request.
        max_retries: How often a failed request may be repeated.
        in_cluster_mode: Reach instances under their Kubernetes service name in place of ``instance_url``.
        namespace: Kubernetes namespace of the platform.
        total_timeout: Seconds for one call with all its repeats and the waits between them; ``None`` means 120, or
            ``timeout`` when that is longer.
    """

    api_url: str
    api_key: Optional[str] = field(default=None, repr=False)
    internal_api_key: Optional[str] = field(default=None, repr=False)
    username: Optional[str] = None
    role: Optional[str] = None
    timeout: float = 30.0
    max_retries: int = 3
    in_cluster_mode: bool = False
    namespace: str = DEFAULT_NAMESPACE
    total_timeout: Optional[float] = None

    def __post_init__(self) -> None:
        url = self.api_url.strip().rstrip("/")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"api_url must be an http:// or https:// address such as {LOCAL_API_URL}, not {url!r}.")
        if parts.username is not None or parts.password is not None:
            raise ValueError("api_url must not contain a user name or password; pass api_key or username instead.")
        if self.timeout <= 0:
            raise ValueError(f"timeout must be greater than 0 seconds, not {self.timeout!r}.")
        if self.total_timeout is not None and self.total_timeout <= 0:
            raise ValueError(f"total_timeout must be greater than 0 seconds or None, not {self.total_timeout!r}.")
        if self.max_retries < 0:
            raise ValueError(f"max_retries must be 0 or more, not {self.max_retries!r}.")
        object.__setattr__(self, "api_url", url)

    @classmethod
    def from_env(
        cls,
        api_url: Optional[str] = None,
        api_key: Optional[str] = None,
        internal_api_key: Optional[str] = None,
        username: Optional[str] = None,
        *,
        role: Optional[str] = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        total_timeout: Optional[float] = None,
        default_url: Optional[str] = None,
        environ: Optional[Mapping[str, str]] = None,
    ) -> Config:
        """Read the settings from environment variables; arguments win.

        Variables: ``GRAPH_OLAP_API_URL``, ``GRAPH_OLAP_API_KEY``, ``GRAPH_OLAP_INTERNAL_API_KEY``,
        ``GRAPH_OLAP_USERNAME``, ``GRAPH_OLAP_ROLE``, ``GRAPH_OLAP_IN_CLUSTER_MODE`` and ``GRAPH_OLAP_NAMESPACE``.
        In in-cluster mode the URL defaults to the control plane's service name.

        Args:
            api_url: In place of ``GRAPH_OLAP_API_URL``.
            api_key: In place of ``GRAPH_OLAP_API_KEY``.
            internal_api_key: In place of ``GRAPH_OLAP_INTERNAL_API_KEY``.
            username: In place of ``GRAPH_OLAP_USERNAME``.
            role: In place of ``GRAPH_OLAP_ROLE``.
            timeout: Seconds to wait for an answer to one request.
            max_retries: How often a failed request may be repeated.
            total_timeout: Seconds for one call with all its repeats; see :class:`Config`.
            default_url: The URL when neither arguments nor environment name one.
            environ: In place of the process's environment; for tests.

        Raises:
            ValueError: No URL is given or set, or a value is wrong.
        """
        env = os.environ if environ is None else environ
        in_cluster = env.get("GRAPH_OLAP_IN_CLUSTER_MODE", "").strip().lower() in _TRUE
        namespace = env.get("GRAPH_OLAP_NAMESPACE") or DEFAULT_NAMESPACE
        url = api_url or env.get("GRAPH_OLAP_API_URL")
        if not url and in_cluster:
            url = f"http://control-plane.{namespace}.svc:8000"
        url = url or default_url
        if not url:
            raise ValueError(
                "The address of the Graph OLAP server is not known. Set GRAPH_OLAP_API_URL or pass api_url, "
                f"for example api_url={LOCAL_API_URL!r} for a server started with `graph-olap serve`."
            )
        return cls(
            api_url=url,
            api_key=api_key or env.get("GRAPH_OLAP_API_KEY") or None,
            internal_api_key=internal_api_key or env.get("GRAPH_OLAP_INTERNAL_API_KEY") or None,
            username=username or env.get("GRAPH_OLAP_USERNAME") or None,
            role=role or env.get("GRAPH_OLAP_ROLE") or None,
            timeout=timeout,
            max_retries=max_retries,
            in_cluster_mode=in_cluster,
            namespace=namespace,
            total_timeout=total_timeout,
        )

    @property
    def call_timeout(self) -> float:
        """Seconds that one call may take, all its repeats included."""
        return self.total_timeout if self.total_timeout is not None else max(_TOTAL_TIMEOUT, self.timeout)

    def headers(self) -> Dict[str, str]:
        """Return the headers that identify client and caller; they are sent to the control plane and to instances."""
        headers = {"User-Agent": f"graph-olap-python/{package_version()}", "Accept": "application/json"}
        if self.internal_api_key:
            headers["X-Internal-Api-Key"] = self.internal_api_key
        elif self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        if self.username:
            headers["X-Username"] = self.username
        if self.role:
            headers["X-User-Role"] = self.role
        return headers

    def instance_base_url(self, instance_url: Optional[str], pod_name: Optional[str]) -> Optional[str]:
        """Return the address of an instance as this client reaches it, without a trailing slash."""
        if self.in_cluster_mode and pod_name:
            return f"http://{pod_name}.{self.namespace}.svc.cluster.local:8000"
        return instance_url.rstrip("/") if instance_url else None
