"""The pytest plugin: fixtures on a platform of their own, and cleanup that always runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from graph_olap import GraphOLAPClient
from graph_olap.strategies import graphs, mappings
from graph_olap_server.platform import EmbeddedPlatform
from hypothesis import HealthCheck, given, settings

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "graph_olap.pytest_plugin", "-p", "no:cacheprovider")


def test_what_a_test_made_is_removed_even_when_it_fails(
    pytester: pytest.Pytester, bank: EmbeddedPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPH_OLAP_API_URL", bank.url)
    pytester.makepyfile(
        """
        def test_answers(graph_olap_instance, graph_olap_client):
            assert graph_olap_instance.query_scalar("MATCH (:Person)-[k:KNOWS]->() RETURN count(k)") == 2

        def test_fails(graph_olap_fixtures):
            graph_olap_fixtures.create_mapping(name="left by a failing test")
            assert False
        """
    )
    pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1, failed=1)
    with GraphOLAPClient(bank.url, username="ada") as client:
        assert client.mappings.list(search="left by a failing test").total == 0
        assert client.instances.list(search="instance-").total == 0


def test_without_any_platform_the_tests_are_skipped_with_a_hint(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAPH_OLAP_API_URL", raising=False)
    pytester.makepyfile("def test_it(graph_olap_client): pass")
    pytester.makeconftest(
        """
        import graph_olap._optional
        graph_olap._optional.installed = lambda package: False
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN, "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*Set GRAPH_OLAP_API_URL, or pip install graph-olap-server*"])


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    heavy = ("httpx", "pydantic", "polars", "pandas", "hypothesis", "graph_olap.client", "graph_olap_server")
    script = f"import sys, graph_olap.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_plugin_is_found_by_its_entry_point() -> None:
    manifest = Path(__file__).parents[2] / "packages/graph-olap-sdk/pyproject.toml"
    assert '"graph_olap.pytest_plugin" = "graph_olap.pytest_plugin"' in manifest.read_text()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definitions=mappings())
def test_proposed_mappings_load(bank: EmbeddedPlatform, definitions: dict[str, list[object]]) -> None:
    with GraphOLAPClient(bank.url, username="ada") as client:
        check = client.mappings.dry_run(**definitions)
    assert check.valid, check.problems
    assert check.rows_rejected == 0


@given(graphs())
def test_edges_of_graphs_have_ends(graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    nodes, edges = graph
    assert nodes == list(range(len(nodes)))
    assert {end for edge in edges for end in edge} <= set(nodes)
