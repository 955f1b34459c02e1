# Derived from graph_olap/aio/resources/instance_changes.py; edit that file and run `make sync`.
"""Changing instances: names, lifetimes, resources, who may use them, and suspending them."""

from __future__ import annotations

from typing import Optional, Sequence

from graph_olap._lifecycle import Lifetime, lifetimes
from graph_olap._progress import ProgressCallback
from graph_olap._request import given
from graph_olap._waiting import Deadline
from graph_olap.http import HTTPClient
from graph_olap.models import Instance
from graph_olap.resources.waiting import wait_for_instance

__all__ = ["InstanceChanges"]


class InstanceChanges:
    """The methods of ``client.instances`` that change an instance."""

    _http: HTTPClient

    def update(self, instance_id: int, *, name: Optional[str] = None, description: Optional[str] = None) -> Instance:
        """Change name or description of an instance.

        Args:
            instance_id: Number of the instance.
            name: A new display name; ``None`` keeps it.
            description: A new description; ``None`` keeps it.

        Returns:
            The changed instance.

        Raises:
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.

        Example:
            >>> client.instances.update(instance.id, description="For the audit").description
            'For the audit'
        """
        body = given(name=name, description=description)
        return Instance.from_dict(self._http.put(f"/api/instances/{instance_id}", body)["data"])

    def extend_ttl(self, instance_id: int, hours: int = 24) -> Instance:
        """Move the expiry of an instance by some hours.

        Args:
            instance_id: The instance to keep longer.
            hours: Hours to add to its current expiry.

        Returns:
            The instance with its new expiry.

        Raises:
            ValidationError: It would live longer than allowed (7 days from creation by default).
            PermissionDeniedError: It belongs to somebody else.

        Example:
            >>> before = client.instances.get(instance.id).expires_at
            >>> after = client.instances.extend_ttl(instance.id, hours=2).expires_at
            >>> (after - before).total_seconds() / 3600
            2.0
        """
        reply = self._http.post(f"/api/instances/{instance_id}/extend", {"hours": hours})
        return Instance.from_dict(reply["data"])

    def set_lifecycle(self, instance_id: int, ttl: Lifetime = None, inactivity_timeout: Lifetime = None) -> Instance:
        """Set the lifetimes of an instance, counted from now.

        Args:
            instance_id: The instance to change.
            ttl: An ISO 8601 duration, :data:`graph_olap.CLEAR` for no limit, ``None`` to leave it.
            inactivity_timeout: The same for the lifetime without use.

        Returns:
            The changed instance.

        Raises:
            ValidationError: A duration is wrong or over the maximum.
            PermissionDeniedError: The instance belongs to somebody else.

        Example:
            >>> client.instances.set_lifecycle(instance.id, inactivity_timeout="PT4H").inactivity_timeout
            'PT4H'
        """
        body = lifetimes(ttl, inactivity_timeout)
        return Instance.from_dict(self._http.put(f"/api/instances/{instance_id}/lifecycle", body)["data"])

    def update_cpu(self, instance_id: int, cpu_cores: int) -> Instance:
        """Change the CPU cores of a running instance, without a restart.

        Args:
            instance_id: The instance to change.
            cpu_cores: CPU cores, 1 to 8.

        Returns:
            The changed instance.

        Raises:
            ValidationError: The number is out of range.
            InvalidStateError: The instance is not running.
            PermissionDeniedError: It belongs to somebody else.

        Example:
            >>> client.instances.update_cpu(instance.id, cpu_cores=1).cpu_cores
            1
        """
        reply = self._http.put(f"/api/instances/{instance_id}/cpu", {"cpu_cores": cpu_cores})
        return Instance.from_dict(reply["data"])

    def update_memory(self, instance_id: int, memory_gb: int) -> Instance:
        """Give a running instance more memory.

        Args:
            instance_id: The instance to change.
            memory_gb: Memory in GB, 2 to 32; never less than now.

        Returns:
            The changed instance.

        Raises:
            ValidationError: The number is out of range.
            InvalidStateError: The instance is not running, or has more already.
            ConcurrencyLimitError: A memory limit is reached.

        Example:
            >>> client.instances.update_memory(instance.id, memory_gb=3).memory_gb
            3
        """
        reply = self._http.put(f"/api/instances/{instance_id}/memory", {"memory_gb": memory_gb})
        return Instance.from_dict(reply["data"])

    def share(self, instance_id: int, users: Sequence[str] = (), *, everyone: bool = False) -> Instance:
        """Say who besides you may query an instance; the list replaces the one before.

        Args:
            instance_id: Your instance.
            users: User names.
            everyone: Whether every user may query it.

        Returns:
            The changed instance.

        Raises:
            PermissionDeniedError: It belongs to somebody else.

        Example:
            >>> shared = client.instances.share(instance.id, ["grace"], everyone=False)
        """
        body = {"users": [*users], "everyone": everyone}
        return Instance.from_dict(self._http.put(f"/api/instances/{instance_id}/sharing", body)["data"])

    def suspend(self, instance_id: int) -> Instance:
        """End the process of a running instance and keep what you made in it.

        A suspended instance uses no memory and no CPU and counts against no limit. Properties that algorithms wrote
        and the history of executions come back with :meth:`resume`. What still runs is cancelled.

        Args:
            instance_id: Number of the instance; one that is suspended stays so.

        Returns:
            The instance, ``suspended``.

        Raises:
            InvalidStateError: The instance is not running.
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.

        Example:
            >>> quick = client.instances.create_and_wait(snapshot.id, "Back tomorrow")
            >>> client.instances.suspend(quick.id).status
            'suspended'
            >>> client.instances.terminate(quick.id)
        """
        return Instance.from_dict(self._http.post(f"/api/instances/{instance_id}/suspend")["data"])

    def resume(self, instance_id: int) -> Instance:
        """Start a suspended instance again; returns at once with status ``resuming``.

        Args:
            instance_id: Number of the instance; one that runs or resumes is left alone.

        Returns:
            The instance; :meth:`wait_until_running` waits for it.

        Raises:
            InvalidStateError: The instance is neither suspended nor running.
            ConcurrencyLimitError: Its owner or the cluster have too many instances or too much memory.
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.

        Example:
            >>> quick = client.instances.create_and_wait(snapshot.id, "Back again")
            >>> suspended = client.instances.suspend(quick.id)
            >>> client.instances.resume(quick.id).status
            'resuming'
            >>> client.instances.terminate(quick.id)
        """
        return Instance.from_dict(self._http.post(f"/api/instances/{instance_id}/resume")["data"])

    def resume_and_wait(
        self,
        instance_id: int,
        *,
        timeout: float = 300,
        poll_interval: float = 5,
        on_progress: Optional[ProgressCallback] = None,
        progress: Optional[bool] = None,
    ) -> Instance:
        """Start a suspended instance again and wait until it answers queries.

        Args:
            instance_id: Number of the instance.
            timeout: Seconds to wait.
            poll_interval: Longest time between two looks, in seconds; the first ones follow quickly.
            on_progress: Called as ``on_progress(phase, completed_steps, total_steps)``.
            progress: Show a progress bar; by default in notebooks and terminals.

        Returns:
            The instance, ``running``; :meth:`connect` again, its address is another one.

        Raises:
            InvalidStateError: The instance is neither suspended nor running.
            InstanceFailedError: It failed; ``details["error_code"]`` says how.
            ConcurrencyLimitError: Its owner or the cluster have too many instances or too much memory.
            TimeoutError: It took too long; the start goes on.
            PermissionDeniedError: It belongs to somebody else.
            NotFoundError: There is no such instance.

        Example:
            >>> quick = client.instances.create_and_wait(snapshot.id, "Here again")
            >>> suspended = client.instances.suspend(quick.id)
            >>> client.instances.resume_and_wait(quick.id).status
            'running'
            >>> client.instances.terminate(quick.id)
        """
        instance = self.resume(instance_id)
        deadline = Deadline(timeout, poll_interval)
        return wait_for_instance(self._http, instance_id, instance.name, deadline, on_progress, progress)
