# Derived from graph_olap/aio/resources/users.py; edit that file and run `make sync`.
"""Users and their roles."""

from __future__ import annotations

from typing import Any, Dict, Optional
from urllib.parse import quote

from graph_olap._page import Records
from graph_olap._request import given
from graph_olap.http import HTTPClient

__all__ = ["UserResource"]


class UserResource:
    """Manage users; needs the admin role except for reading one user.

    Example:
        >>> user = client.users.create("grace", email="grace@example.com", display_name="Grace Hopper")
        >>> client.users.assign_role("grace", "admin")["role"]
        'admin'
    """

    def __init__(self, http: HTTPClient) -> None:
        self._http = http

    def create(self, username: str, email: str, display_name: str, role: str = "analyst") -> Dict[str, Any]:
        """Create a user.

        Args:
            username: Name to log in with.
            email: E-mail address.
            display_name: Name to show.
            role: ``analyst``, ``admin`` or ``ops``.

        Returns:
            The user.

        Raises:
            ForbiddenError: You are no administrator.
            ConflictError: User name or e-mail address is taken.

        Example:
            >>> client.users.create("emmy", email="emmy@example.com", display_name="Emmy Noether")["role"]
            'analyst'
        """
        body = {"username": username, "email": email, "display_name": display_name, "role": role}
        return self._http.post("/api/users", body)

    def list(self, is_active: Optional[bool] = None, limit: int = 50, offset: int = 0) -> Records:
        """List users, newest first.

        Args:
            is_active: Only active or only deactivated users.
            limit: Largest number of users, at most 200.
            offset: Number of users to skip.

        Returns:
            The users.

        Raises:
            ForbiddenError: You are no administrator.

        Example:
            >>> "ada" in [user["username"] for user in client.users.list(is_active=True, limit=200)]
            True
        """
        params = {"is_active": is_active, "limit": min(limit, 200), "offset": offset}
        return Records(self._http.get("/api/users", params)["data"])

    def get(self, username: str) -> Dict[str, Any]:
        """Get a user; fields that are none of your business are ``None``.

        Args:
            username: Name of the user.

        Returns:
            The user.

        Raises:
            NotFoundError: There is no such user.

        Example:
            >>> client.users.get("ada")["display_name"]
            'Ada Lovelace'
        """
        return self._http.get(_path(username))

    def update(
        self,
        username: str,
        *,
        email: Optional[str] = None,
        display_name: Optional[str] = None,
        is_active: Optional[bool] = None,
    ) -> Dict[str, Any]:
        """Change a user.

        Args:
            username: Name of the user.
            email: A new e-mail address; ``None`` keeps it.
            display_name: A new name to show; ``None`` keeps it.
            is_active: ``True`` lets a deactivated user in again.

        Returns:
            The changed user.

        Raises:
            ForbiddenError: You are no administrator.
            NotFoundError: There is no such user.

        Example:
            >>> user = client.users.create("sofja", email="sofja@example.com", display_name="Sofja")
            >>> client.users.update("sofja", display_name="Sofja Kowalewskaja")["display_name"]
            'Sofja Kowalewskaja'
        """
        return self._http.put(_path(username), given(email=email, display_name=display_name, is_active=is_active))

    def assign_role(self, username: str, role: str) -> Dict[str, Any]:
        """Give a user the role ``analyst``, ``admin`` or ``ops``.

        Args:
            username: Name of the user.
            role: ``analyst``, ``admin`` or ``ops``.

        Returns:
            The changed user.

        Raises:
            ForbiddenError: Your own role does not allow it.
            NotFoundError: There is no such user.

        Example:
            >>> user = client.users.create("mary", email="mary@example.com", display_name="Mary Somerville")
            >>> client.users.assign_role("mary", "ops")["role"]
            'ops'
        """
        return self._http.put(f"{_path(username)}/role", {"role": role})

    def deactivate(self, username: str) -> Dict[str, Any]:
        """Lock a user out; the record and everything the user owns stay.

        Args:
            username: Name of the user.

        Returns:
            The changed user.

        Raises:
            ForbiddenError: You are no administrator.
            NotFoundError: There is no such user.

        Example:
            >>> user = client.users.create("guest", email="guest@example.com", display_name="Guest")
            >>> client.users.deactivate("guest")["is_active"]
            False
        """
        return self._http.delete(_path(username))

    def bootstrap(self, username: str, email: str, display_name: str) -> Dict[str, Any]:
        """Create the first user of a new platform, with the role ``ops``.

        Args:
            username: Name to log in with.
            email: E-mail address.
            display_name: Name to show.

        Returns:
            The user.

        Raises:
            ConflictError: There are users already.

        Example:
            >>> first = client.users.bootstrap("ada", email="ada@example.com", display_name="Ada Lovelace")
            >>> first["role"]
            'ops'
        """
        body = {"username": username, "email": email, "display_name": display_name, "role": "ops"}
        return self._http.post("/api/users/bootstrap", body)


def _path(username: str) -> str:
    return f"/api/users/{quote(username, safe='')}"
