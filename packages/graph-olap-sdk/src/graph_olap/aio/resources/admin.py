"""Privileged operations of administrators."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from graph_olap.aio.http import AsyncHTTPClient

__all__ = ["AsyncAdminResource"]


class AsyncAdminResource:
    """Admin-only operations.

    Example:
        >>> old = {"created_by": "e2e-test-user", "older_than_hours": 24}
        >>> found = await client.admin.bulk_delete("instance", old, reason="test cleanup", dry_run=True)
        >>> found["matched_count"]
        0
    """

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._http = http

    async def bulk_delete(
        self,
        resource_type: str,
        filters: Mapping[str, Any],
        reason: str,
        expected_count: Optional[int] = None,
        dry_run: bool = False,
    ) -> Dict[str, Any]:
        """Delete up to 100 objects that match all filters.

        Args:
            resource_type: ``instance``, ``snapshot`` or ``mapping``.
            filters: At least one of ``name_prefix``, ``created_by``, ``older_than_hours`` and ``status``.
            reason: Why; goes into the audit log.
            expected_count: Number of matches you expect; any other number stops the call before anything is deleted.
            dry_run: Only say what would be deleted.

        Returns:
            ``dry_run``, ``matched_count``, ``matched_ids``, ``deleted_count``, ``deleted_ids``, ``failed_count``,
            ``failed_ids`` and ``errors``.

        Raises:
            ForbiddenError: You are no administrator.
            ValidationError: No filter, more than 100 matches, or another number than expected.

        Example:
            >>> draft = await client.mappings.copy(mapping.id, "e2e-left-over")
            >>> drafts = {"name_prefix": "e2e-"}
            >>> found = await client.admin.bulk_delete("mapping", drafts, reason="clean up", dry_run=True)
            >>> done = await client.admin.bulk_delete(
            ...     "mapping", drafts, reason="clean up", expected_count=found["matched_count"]
            ... )
            >>> done["deleted_ids"] == [draft.id]
            True
        """
        body = {
            "resource_type": resource_type,
            "filters": dict(filters),
            "reason": reason,
            "expected_count": expected_count,
            "dry_run": dry_run,
        }
        result: Dict[str, Any] = (await self._http.delete("/api/admin/resources/bulk", body))["data"]
        return result
