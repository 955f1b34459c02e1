"""notebook.connect and its environment."""

from __future__ import annotations

import getpass
import socket
import types

import pytest

from graph_olap import GraphOLAPWarning, notebook

VARIABLES = ("API_URL", "API_KEY", "INTERNAL_API_KEY", "USERNAME", "ROLE", "IN_CLUSTER_MODE", "NAMESPACE")


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(f"GRAPH_OLAP_{name}", raising=False)
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    monkeypatch.setattr(notebook, "_listens", lambda url: True)
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


def test_without_a_server_the_embedded_platform_is_offered(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.undo()
        monkeypatch.setattr(notebook, "LOCAL_API_URL", nowhere)
        with pytest.warns(GraphOLAPWarning, match=r"graph_olap\.local\(\) starts a private one here"):
            client = notebook.connect()
        assert client._config.api_url == nowhere
        free.listen()
        assert notebook.connect()._config.api_url == nowhere  # no warning, which would be an error


def test_an_address_that_was_given_is_not_tried():
    assert notebook.connect("http://127.0.0.1:9")._config.api_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("variables", "argument", "key"),
    [
        ({"API_URL": "https://graph.example.com"}, None, "hub"),
        ({"IN_CLUSTER_MODE": "true"}, None, "hub"),
        ({"API_URL": "https://graph.example.com", "API_KEY": "own"}, None, "own"),
        ({"API_URL": "http://graph.example.com"}, None, None),
        ({"API_URL": "http://localhost:9000"}, None, None),
        ({}, "https://elsewhere.example.com", None),
    ],
    ids=["https", "cluster", "own key", "plain http", "this machine", "typed address"],
)
def test_the_token_of_jupyterhub_goes_only_to_the_platform_of_the_hub(monkeypatch, variables, argument, key):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub")
    for name, value in variables.items():
        monkeypatch.setenv(f"GRAPH_OLAP_{name}", value)
    assert notebook.connect(argument)._config.api_key == key


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
