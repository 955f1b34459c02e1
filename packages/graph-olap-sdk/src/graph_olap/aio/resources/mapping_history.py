"""Versions of mappings, and what was made from them."""

from __future__ import annotations

from typing import Any, Dict, Optional

from graph_olap._page import ModelList
from graph_olap._request import list_params
from graph_olap.aio.http import AsyncHTTPClient
from graph_olap.aio.pagination import AsyncPaginatedList
from graph_olap.models import Instance, MappingDiff, MappingVersion, Snapshot

__all__ = ["AsyncMappingHistory"]


class AsyncMappingHistory:
    """The methods of ``client.mappings`` about versions and what was made from them."""

    _http: AsyncHTTPClient

    async def get_version(self, mapping_id: int, version: int) -> MappingVersion:
        """Get one version of a mapping.

        Args:
            mapping_id: Number of the mapping.
            version: Number of the version, from 1.

        Returns:
            The version with its definitions.

        Raises:
            NotFoundError: There is no such mapping or version.

        Example:
            >>> (await client.mappings.get_version(mapping.id, 1)).created_by
            'ada'
        """
        reply = await self._http.get(f"/api/mappings/{mapping_id}/versions/{version}")
        return MappingVersion.from_dict(reply["data"])

    async def list_versions(self, mapping_id: int) -> ModelList[MappingVersion]:
        """List all versions of a mapping, newest first.

        Args:
            mapping_id: Number of the mapping.

        Returns:
            All versions, with their definitions.

        Raises:
            NotFoundError: There is no such mapping.

        Example:
            >>> [version.version for version in await client.mappings.list_versions(mapping.id)]
            [1]
        """
        reply = await self._http.get(f"/api/mappings/{mapping_id}/versions")
        return ModelList(MappingVersion.from_dict(item) for item in reply["data"])

    async def list_snapshots(self, mapping_id: int, offset: int = 0, limit: int = 50) -> AsyncPaginatedList[Snapshot]:
        """List the snapshots of a mapping over all its versions, newest first.

        Args:
            mapping_id: Number of the mapping.
            offset: Number of matches to skip.
            limit: Largest number of items, at most 100.

        Returns:
            One page of snapshots.

        Raises:
            NotFoundError: There is no such mapping.

        Example:
            >>> [found.status for found in await client.mappings.list_snapshots(mapping.id, limit=1)]
            ['ready']
        """
        return await AsyncPaginatedList.fetch(
            self._http, f"/api/mappings/{mapping_id}/snapshots", list_params(limit, offset=offset), Snapshot.from_dict
        )

    async def list_instances(self, mapping_id: int, offset: int = 0, limit: int = 50) -> AsyncPaginatedList[Instance]:
        """List the instances of a mapping over all its versions, newest first.

        Args:
            mapping_id: Number of the mapping.
            offset: Number of matches to skip.
            limit: Largest number of items, at most 100.

        Returns:
            One page of instances.

        Raises:
            NotFoundError: There is no such mapping.

        Example:
            >>> instance.id in [found.id for found in await client.mappings.list_instances(mapping.id)]
            True
        """
        return await AsyncPaginatedList.fetch(
            self._http, f"/api/mappings/{mapping_id}/instances", list_params(limit, offset=offset), Instance.from_dict
        )

    async def get_tree(
        self, mapping_id: int, *, include_instances: bool = True, status: Optional[str] = None
    ) -> Dict[str, Any]:
        """Get everything made from a mapping: versions, their snapshots, their instances.

        Args:
            mapping_id: The mapping.
            include_instances: Whether to list the instances of each snapshot.
            status: Only snapshots with this status.

        Returns:
            ``mapping`` and ``versions``, each with its ``snapshots``, each with its ``instances``.

        Raises:
            NotFoundError: There is no such mapping.

        Example:
            >>> tree = await client.mappings.get_tree(mapping.id)
            >>> tree["versions"][0]["version"]
            1
        """
        params = {"include_instances": include_instances, "status": status}
        tree: Dict[str, Any] = (await self._http.get(f"/api/mappings/{mapping_id}/tree", params))["data"]
        return tree

    async def diff_versions(self, mapping_id: int, from_version: int, to_version: int) -> Dict[str, Any]:
        """Compare two versions of a mapping; a dictionary with ``summary`` and ``changes``.

        Args:
            mapping_id: Number of the mapping.
            from_version: Number of the version before.
            to_version: Number of the version after.

        Returns:
            ``summary`` with the numbers, ``changes`` with what was added, removed and modified.

        Raises:
            NotFoundError: There is no such mapping or version.
            ValidationError: Both versions are the same.

        Example:
            >>> draft = await client.mappings.copy(mapping.id, "Two versions")
            >>> draft = await client.mappings.update(draft.id, "Accounts alone", edge_definitions=[])
            >>> diff = await client.mappings.diff_versions(draft.id, from_version=1, to_version=2)
            >>> diff["summary"]["edges_removed"]
            1
        """
        path = f"/api/mappings/{mapping_id}/versions/{from_version}/diff/{to_version}"
        diff: Dict[str, Any] = (await self._http.get(path))["data"]
        return diff

    async def diff(self, mapping_id: int, from_version: int, to_version: int) -> MappingDiff:
        """Compare two versions of a mapping; printing the result shows the changes as text.

        Args:
            mapping_id: Number of the mapping.
            from_version: Number of the version before.
            to_version: Number of the version after.

        Returns:
            The changes; ``print``, HTML in notebooks and ``to_dict()`` show them.

        Raises:
            NotFoundError: There is no such mapping or version.
            ValidationError: Both versions are the same.

        Example:
            >>> draft = await client.mappings.copy(mapping.id, "Two versions as text")
            >>> draft = await client.mappings.update(draft.id, "Accounts alone", edge_definitions=[])
            >>> "PAID" in str(await client.mappings.diff(draft.id, 1, 2))
            True
        """
        return MappingDiff.from_dict(await self.diff_versions(mapping_id, from_version, to_version))
