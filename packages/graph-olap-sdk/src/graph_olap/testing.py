"""Fixtures for tests against a running platform: everything made is removed, whatever happens.

Example:
    >>> from graph_olap.testing import test_context
    >>> with test_context() as (client, fixtures):
    ...     instance = fixtures.create_instance(name="test-instance")
    ...     assert client.instances.connect(instance.id).query_scalar("MATCH (n) RETURN count(n)") == 3
"""

from __future__ import annotations

import uuid
import warnings
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from graph_olap._request import GraphOLAPWarning
from graph_olap.client import GraphOLAPClient
from graph_olap.exceptions import GraphOLAPError, NotFoundError
from graph_olap.instance.connection import InstanceConnection
from graph_olap.models import Instance, Mapping, Snapshot
from graph_olap.notebook import local_config

__all__ = ["TestFixtures", "connect", "instance_context", "random_name", "test_context"]

_PEOPLE: Dict[str, Any] = {
    "node_definitions": [
        {
            "label": "Person",
            "sql": "SELECT id, name FROM (VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cyd')) AS people (id, name)",
            "primary_key": {"name": "id", "type": "INT64"},
            "properties": [{"name": "name", "type": "STRING"}],
        }
    ],
    "edge_definitions": [
        {
            "type": "KNOWS",
            "from_node": "Person",
            "to_node": "Person",
            "sql": "SELECT a, b, since FROM (VALUES (1, 2, 2019), (2, 3, 2021)) AS pairs (a, b, since)",
            "from_key": "a",
            "to_key": "b",
            "properties": [{"name": "since", "type": "INT64"}],
        }
    ],
}


def connect(**kwargs: Any) -> GraphOLAPClient:
    """Connect with what the environment says, as :func:`graph_olap.notebook.connect` does, without a notebook.

    Args:
        **kwargs: Arguments of :meth:`GraphOLAPClient.from_env`.
    """
    transport, sleep = kwargs.pop("transport", None), kwargs.pop("sleep", None)
    return GraphOLAPClient.from_config(local_config(**kwargs), transport=transport, sleep=sleep)


def random_name(prefix: str = "test") -> str:
    """Return a name that nothing else has.

    Example:
        >>> random_name("study") != random_name("study")
        True
    """
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class TestFixtures:
    """Creates objects and remembers them for :meth:`cleanup`.

    Args:
        client: The client to create with.
    """

    __test__ = False  # pytest would take the name for a test class

    def __init__(self, client: GraphOLAPClient) -> None:
        self._client = client
        self._undo: List[Tuple[str, Callable[[], None]]] = []

    def create_mapping(self, **kwargs: Any) -> Mapping:
        """Create a mapping; three people who know each other, unless definitions are given.

        Args:
            **kwargs: Arguments of ``client.mappings.create``.
        """
        defaults = {} if "node_definitions" in kwargs else _PEOPLE
        mapping = self._client.mappings.create(**{"name": random_name("mapping"), **defaults, **kwargs})
        self._undo.append((f"mapping {mapping.id}", lambda: self._client.mappings.delete(mapping.id)))
        return mapping

    def create_snapshot(self, **kwargs: Any) -> Snapshot:
        """Create a snapshot and wait until it is ready; of a new mapping, unless ``mapping_id`` is given.

        Args:
            **kwargs: Arguments of ``client.snapshots.create_and_wait``.
        """
        if "mapping_id" not in kwargs:
            kwargs["mapping_id"] = self.create_mapping().id
        creating, waiting = _split(kwargs)
        snapshot = self._client.snapshots.create(**{"name": random_name("snapshot"), **creating})
        self._undo.append((f"snapshot {snapshot.id}", lambda: self._client.snapshots.delete(snapshot.id)))
        return self._client.snapshots.wait_until_ready(snapshot.id, **waiting)

    def create_instance(self, **kwargs: Any) -> Instance:
        """Create an instance and wait until it runs; of a new mapping, unless one or a snapshot is given.

        Args:
            **kwargs: Arguments of ``client.instances.create_from_mapping_and_wait`` or ``create_and_wait``.
        """
        create: Callable[..., Instance] = self._client.instances.create
        if "snapshot_id" not in kwargs:
            create = self._client.instances.create_from_mapping
            if "mapping_id" not in kwargs:
                kwargs["mapping_id"] = self.create_mapping().id
        creating, waiting = _split(kwargs)
        instance = create(**{"name": random_name("instance"), **creating})
        self._undo.append((f"instance {instance.id}", lambda: self._client.instances.terminate(instance.id)))
        return self._client.instances.wait_until_running(instance.id, **waiting)

    def cleanup(self) -> None:
        """Remove everything created, newest first; what cannot be removed is warned about, the rest still goes."""
        while self._undo:
            name, undo = self._undo.pop()
            try:
                undo()
            except NotFoundError:
                continue  # the test removed it itself
            except GraphOLAPError as error:
                warnings.warn(f"{name} could not be removed: {error}", GraphOLAPWarning, stacklevel=2)


@contextmanager
def test_context(  # a context manager, not a test
    client: Optional[GraphOLAPClient] = None,  # noqa: PT028
) -> Iterator[Tuple[GraphOLAPClient, TestFixtures]]:
    """Give a client and fixtures; afterwards remove what was made, also after a failure.

    Args:
        client: The client to use; by default a new one, which is closed afterwards.
    """
    used = client or connect()
    fixtures = TestFixtures(used)
    try:
        yield used, fixtures
    finally:
        try:
            fixtures.cleanup()
        finally:
            if client is None:
                used.close()


test_context.__test__ = False  # type: ignore[attr-defined]  # pytest would take the name for a test


@contextmanager
def instance_context(
    name: Optional[str] = None, *, client: Optional[GraphOLAPClient] = None, **kwargs: Any
) -> Iterator[InstanceConnection]:
    """Give a connection to a new instance; afterwards remove it, also after a failure.

    Args:
        name: Name of the instance.
        client: The client to use; by default a new one.
        **kwargs: More arguments of :meth:`TestFixtures.create_instance`.
    """
    with test_context(client) as (used, fixtures):
        instance = fixtures.create_instance(**({"name": name} if name else {}), **kwargs)
        with used.instances.connect(instance.id) as connection:
            yield connection


_WAITING = ("timeout", "poll_interval", "on_progress", "progress")


def _split(arguments: Dict[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    # Creating and waiting are two calls here, so that an object whose start fails is removed as well.
    creating = {key: value for key, value in arguments.items() if key not in _WAITING}
    waiting = {key: value for key, value in arguments.items() if key in _WAITING}
    return creating, {"progress": False, **waiting}
