"""notebook.connect and its environment."""

from __future__ import annotations

import getpass
import types

import pytest

from graph_olap import notebook

VARIABLES = ("API_URL", "API_KEY", "INTERNAL_API_KEY", "USERNAME", "ROLE", "IN_CLUSTER_MODE", "NAMESPACE")


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(f"GRAPH_OLAP_{name}", raising=False)
    yield
    if notebook.get_client() is not None:
        notebook.get_client().close()
    monkeypatch.setattr(notebook, "_current_client", None)


@pytest.mark.parametrize("in_cluster", [None, "", "false"])
def test_two_lines_are_enough_for_a_server_on_this_machine(monkeypatch, in_cluster):
    if in_cluster is not None:
        monkeypatch.setenv("GRAPH_OLAP_IN_CLUSTER_MODE", in_cluster)
    client = notebook.connect()
    assert notebook.get_client() is client
    assert client._config.api_url == "http://localhost:8000"
    assert client._config.username == getpass.getuser()


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("GRAPH_OLAP_API_URL", "https://graph.example.com/")
    monkeypatch.setenv("GRAPH_OLAP_API_KEY", "k")
    config = notebook.init(timeout=5)._config
    assert (config.api_url, config.api_key, config.timeout) == ("https://graph.example.com", "k", 5)
    assert config.username is None


def test_a_remote_server_is_never_told_the_local_user_name():
    assert notebook.connect("https://graph.example.com")._config.username is None


def test_in_the_cluster_the_service_is_found(monkeypatch):
    monkeypatch.setenv("GRAPH_OLAP_IN_CLUSTER_MODE", "true")
    assert notebook.connect()._config.api_url == "http://control-plane.graph-olap-local.svc:8000"


def test_connecting_again_closes_the_client_before():
    first = notebook.connect()
    notebook.connect()
    assert first._http.is_closed


def test_in_a_notebook_styles_are_added_and_tables_become_interactive(monkeypatch):
    shown, started = [], []
    monkeypatch.setattr(notebook, "in_notebook", lambda: True)
    monkeypatch.setattr(notebook, "show_html", shown.append)
    itables = types.SimpleNamespace(init_notebook_mode=lambda **kwargs: started.append(kwargs))
    monkeypatch.setitem(__import__("sys").modules, "itables", itables)
    monkeypatch.setattr(notebook, "installed", lambda package: True)
    notebook.connect()
    assert shown[0].startswith("<style>")
    assert started == [{"all_interactive": True}]
