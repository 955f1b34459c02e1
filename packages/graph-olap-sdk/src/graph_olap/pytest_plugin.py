"""Pytest fixtures for tests against Graph OLAP; installed with the SDK, loaded without anything heavy.

The platform is the one that the environment names (``GRAPH_OLAP_API_URL``), else the embedded one, when
``graph-olap-server`` is installed; without either, tests that ask for a fixture here are skipped.

Example::

    def test_people_know_each_other(graph_olap_instance):
        assert graph_olap_instance.query_scalar("MATCH (:Person)-[k:KNOWS]->() RETURN count(k)") == 2
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from graph_olap.client import GraphOLAPClient
    from graph_olap.instance.connection import InstanceConnection
    from graph_olap.testing import TestFixtures

__all__ = ["graph_olap_client", "graph_olap_fixtures", "graph_olap_instance"]


@pytest.fixture(scope="session")
def graph_olap_client() -> Iterator[GraphOLAPClient]:
    """A client for the whole run, closed at its end."""
    from graph_olap._local import local
    from graph_olap._optional import installed
    from graph_olap.testing import connect

    configured = os.environ.get("GRAPH_OLAP_API_URL") or os.environ.get("GRAPH_OLAP_IN_CLUSTER_MODE")
    if not configured and not installed("graph_olap_server"):
        pytest.skip("Set GRAPH_OLAP_API_URL, or pip install graph-olap-server for a platform of the tests' own.")
    with connect() if configured else local() as client:
        yield client


@pytest.fixture
def graph_olap_fixtures(graph_olap_client: GraphOLAPClient) -> Iterator[TestFixtures]:
    """Creates mappings, snapshots and instances, which are removed after the test, also when it fails."""
    from graph_olap.testing import test_context

    with test_context(graph_olap_client) as (_, fixtures):
        yield fixtures


@pytest.fixture
def graph_olap_instance(
    graph_olap_fixtures: TestFixtures, graph_olap_client: GraphOLAPClient
) -> Iterator[InstanceConnection]:
    """A connection to a running graph of three people who know each other, removed after the test."""
    instance = graph_olap_fixtures.create_instance()
    with graph_olap_client.instances.connect(instance.id) as connection:
        yield connection
