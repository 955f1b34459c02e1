"""Two lines to start working in a notebook.

Example:
    >>> from graph_olap import notebook
    >>> client = notebook.connect()
"""

from __future__ import annotations

import getpass
import warnings
from dataclasses import replace
from typing import Any, Optional
from urllib.parse import urlsplit

from graph_olap._environment import in_notebook, show_html
from graph_olap._optional import installed
from graph_olap._request import GraphOLAPWarning
from graph_olap.client import GraphOLAPClient
from graph_olap.config import LOCAL_API_URL, Config
from graph_olap.styles import get_notebook_css

__all__ = ["connect", "get_client", "init", "local_config"]

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_current_client: Optional[GraphOLAPClient] = None


def connect(api_url: Optional[str] = None, api_key: Optional[str] = None, **kwargs: Any) -> GraphOLAPClient:
    """Connect to Graph OLAP with what the environment says, and prepare the notebook.

    The address is ``api_url``, else ``GRAPH_OLAP_API_URL``, else the platform's service when
    ``GRAPH_OLAP_IN_CLUSTER_MODE`` is true, else ``http://localhost:8000``. For a server on this machine and without
    any credential, the name of the operating system's user is the user name. DataFrames become interactive when
    ``itables`` is installed.

    Args:
        api_url: Address of the control plane.
        api_key: API key or JWT; ``GRAPH_OLAP_API_KEY`` by default.
        **kwargs: More arguments of :meth:`GraphOLAPClient.from_env`: ``username``, ``role``, ``timeout``, ...

    Raises:
        ValueError: The address is wrong.

    Example:
        >>> client = connect("http://localhost:8000", username="ada")
        >>> get_client() is client
        True
    """
    global _current_client
    transport, sleep = kwargs.pop("transport", None), kwargs.pop("sleep", None)
    config = local_config(api_url, api_key, **kwargs)
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
    config = Config.from_env(api_url, api_key, **{"default_url": LOCAL_API_URL, **kwargs})
    has_credential = config.api_key or config.internal_api_key or config.username
    if not has_credential and urlsplit(config.api_url).hostname in _LOOPBACK:
        # Such a server trusts the user name it is told, so there is nothing to ask the analyst for.
        config = replace(config, username=getpass.getuser())
    return config


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
