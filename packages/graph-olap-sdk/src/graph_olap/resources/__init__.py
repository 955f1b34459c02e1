# Derived from graph_olap/aio/resources/__init__.py; edit that file and run `make sync`.
"""One resource a kind of object of the control plane."""

from __future__ import annotations

from graph_olap.resources.admin import AdminResource
from graph_olap.resources.favorites import FavoriteResource
from graph_olap.resources.health import HealthResource
from graph_olap.resources.instances import InstanceResource
from graph_olap.resources.mappings import MappingResource
from graph_olap.resources.ops import OpsResource
from graph_olap.resources.schema import SchemaResource
from graph_olap.resources.snapshots import SnapshotResource
from graph_olap.resources.users import UserResource

__all__ = [
    "AdminResource",
    "FavoriteResource",
    "HealthResource",
    "InstanceResource",
    "MappingResource",
    "OpsResource",
    "SchemaResource",
    "SnapshotResource",
    "UserResource",
]
