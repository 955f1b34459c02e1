"""One resource a kind of object of the control plane."""

from __future__ import annotations

from graph_olap.aio.resources.admin import AsyncAdminResource
from graph_olap.aio.resources.favorites import AsyncFavoriteResource
from graph_olap.aio.resources.health import AsyncHealthResource
from graph_olap.aio.resources.instances import AsyncInstanceResource
from graph_olap.aio.resources.mappings import AsyncMappingResource
from graph_olap.aio.resources.ops import AsyncOpsResource
from graph_olap.aio.resources.schema import AsyncSchemaResource
from graph_olap.aio.resources.snapshots import AsyncSnapshotResource
from graph_olap.aio.resources.users import AsyncUserResource

__all__ = [
    "AsyncAdminResource",
    "AsyncFavoriteResource",
    "AsyncHealthResource",
    "AsyncInstanceResource",
    "AsyncMappingResource",
    "AsyncOpsResource",
    "AsyncSchemaResource",
    "AsyncSnapshotResource",
    "AsyncUserResource",
]
