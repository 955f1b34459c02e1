"""Two lines to start working in a notebook.

Example:
    >>> from graph_olap import notebook
    >>> client = notebook.connect("https://graph.example.com")
"""

from __future__ import annotations

import os
import socket
import warnings
from dataclasses import replace
from typing import Any, Optional
from urllib.parse import urlsplit

from graph_olap._environment import in_notebook, show_html
from graph_olap._local import local_url, system_user
from graph_olap._optional import installed
from graph_olap._request import GraphOLAPWarning
from graph_olap.client import GraphOLAPClient
from graph_olap.config import LOCAL_API_URL, Config
from graph_olap.styles import get_notebook_css

__all__ = ["connect", "get_client", "init", "local_config", "use"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PROBE_SECONDS = 0.5

_current_client: Optional[GraphOLAPClient] = None


def connect(api_url: Optional[str] = None, api_key: Optional[str] = None, **kwargs: Any) -> GraphOLAPClient:
    """Connect to Graph OLAP with what the environment says, and prepare the notebook.

    The address is ``api_url``, else ``GRAPH_OLAP_API_URL``, else the platform's service when
    ``GRAPH_OLAP_IN_CLUSTER_MODE`` is true, else the platform that :func:`graph_olap.local` started here, else
    ``http://localhost:8000``. For a server on this machine and without any credential, the name of the operating
    system's user is the user name; on JupyterHub its token for this notebook server (``JUPYTERHUB_API_TOKEN``) is the
    key for the platform that the environment names. DataFrames become interactive when ``itables`` is installed.

    Args:
        api_url: Address of the control plane.
        api_key: API key or JWT; ``GRAPH_OLAP_API_KEY`` by default.
        **kwargs: More arguments of :meth:`GraphOLAPClient.from_env`: ``username``, ``role``, ``timeout``, ...

    Returns:
        The client, which :func:`get_client` returns from now on.

    Raises:
        ValueError: The address is wrong.

    Warns:
        GraphOLAPWarning: Nothing is configured and no server listens on this machine.

    Example:
        >>> client = connect("http://localhost:8000", username="ada")
        >>> get_client() is client
        True
    """
    transport, sleep = kwargs.pop("transport", None), kwargs.pop("sleep", None)
    config = local_config(api_url, api_key, **kwargs)
    if config.api_url == LOCAL_API_URL and not api_url and transport is None and not _listens(LOCAL_API_URL):
        warnings.warn(
            f"No Graph OLAP server listens at {LOCAL_API_URL} and no other address is configured. "
            f"{_how_to_start()}, `graph-olap serve` starts one for this machine, GRAPH_OLAP_API_URL names another.",
            GraphOLAPWarning,
            stacklevel=2,
        )
    return use(config, transport=transport, sleep=sleep)


def use(config: Config, *, transport: Any = None, sleep: Any = None) -> GraphOLAPClient:
    """Connect with settings that are complete already, and prepare the notebook; :func:`connect` finds them itself.

    Args:
        config: The settings.
        transport: Replaces the network; for tests.
        sleep: Replaces waiting; for tests.
    """
    global _current_client
    if in_notebook():
        _add_styles()
        _set_up_itables()
    if _current_client is not None:
        _current_client.close()
    _current_client = GraphOLAPClient.from_config(config, transport=transport, sleep=sleep)
    return _current_client


def init(api_url: Optional[str] = None, api_key: Optional[str] = None, **kwargs: Any) -> GraphOLAPClient:
    """Connect; another name of :func:`connect`."""
    return connect(api_url, api_key, **kwargs)


def get_client() -> Optional[GraphOLAPClient]:
    """Return the client of the last :func:`connect`, or ``None``."""
    return _current_client


def local_config(api_url: Optional[str] = None, api_key: Optional[str] = None, **kwargs: Any) -> Config:
    """Read the settings from the environment, with a server on this machine as the last resort.

    Args:
        api_url: Address of the control plane.
        api_key: API key or JWT.
        **kwargs: More arguments of :meth:`Config.from_env`.
    """
    config = Config.from_env(api_url, api_key, **{"default_url": local_url() or LOCAL_API_URL, **kwargs})
    if config.api_key or config.internal_api_key or config.username:
        return config
    if urlsplit(config.api_url).hostname in _LOOPBACK:
        # Such a server trusts the user name it is told, so there is nothing to ask the analyst for.
        return replace(config, username=system_user())
    token = os.environ.get("JUPYTERHUB_API_TOKEN")
    if token and not api_url and (config.in_cluster_mode or config.api_url.startswith("https://")):
        # Only for the platform that the hub's own configuration names, never for an address typed in a notebook.
        return replace(config, api_key=token)
    return config


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def _how_to_start() -> str:
    if installed("graph_olap_server"):
        return "graph_olap.local() starts a private one here"
    return "graph_olap.local() starts a private one here once `pip install graph-olap-server` has run"


def _add_styles() -> None:
    show_html(f"<style>{get_notebook_css()}</style>")


def _set_up_itables() -> None:
    if not installed("itables"):
        return
    import itables

    try:
        itables.init_notebook_mode(all_interactive=True)
    except (ImportError, OSError, ValueError) as error:
        warnings.warn(f"DataFrames stay plain, itables could not be set up: {error}", GraphOLAPWarning, stacklevel=3)
