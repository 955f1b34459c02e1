# Derived from graph_olap/aio/instance/executions.py; edit that file and run `make sync`.
"""Starting algorithms and following their executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional
from urllib.parse import quote

from graph_olap._request import Call, Repeat
from graph_olap._waiting import Deadline
from graph_olap.exceptions import AlgorithmFailedError, AlgorithmTimeoutError, GraphOLAPError
from graph_olap.models import AlgorithmExecution

if TYPE_CHECKING:
    from graph_olap.instance.connection import InstanceConnection

__all__ = ["Executions"]

_LONGEST_POLL = 2.0
_SYNC_WINDOW = 5.0  # how long the server waits for an end before it answers 202
_START_TIMEOUT = 60.0  # the server answers within its sync window of at most 30 s


class Executions:
    """What native and NetworkX algorithms have in common."""

    _family: str

    def __init__(self, connection: InstanceConnection) -> None:
        self._connection = connection

    def algorithms(self, category: Optional[str] = None, search: Optional[str] = None) -> List[Dict[str, Any]]:
        """List the algorithms, sorted by name.

        Args:
            category: ``centrality``, ``community``, ``pathfinding``, ``similarity``, ``traversal``, ``clustering``,
                ``link_prediction`` or ``other``.
            search: Text in name or description, any case.

        Returns:
            ``name``, ``category``, ``description``, parameters and result of each.

        Example:
            >>> [found["name"] for found in conn.algo.algorithms(search="pagerank")]
            ['pagerank']
        """
        reply = self._connection._get(f"/{self._family}/algorithms", {"category": category, "search": search})
        algorithms: List[Dict[str, Any]] = reply["algorithms"]
        return algorithms

    def algorithm_info(self, name: str) -> Dict[str, Any]:
        """Get what an algorithm does, takes and returns.

        Args:
            name: Name or alias.

        Returns:
            ``name``, ``category``, ``description``, parameters and result.

        Raises:
            AlgorithmNotFoundError: There is none of this name; ``details["suggestions"]`` lists near ones.

        Example:
            >>> conn.algo.algorithm_info("pagerank")["category"]
            'centrality'
        """
        info: Dict[str, Any] = self._connection._get(f"/{self._family}/algorithms/{quote(name, safe='')}")
        return info

    def status(self, execution_id: str) -> AlgorithmExecution:
        """Get how far an execution is.

        Args:
            execution_id: What ``run(..., wait=False)`` returned as ``execution_id``.

        Returns:
            The execution as it is now.

        Raises:
            NotFoundError: The instance does not know it (any more).

        Example:
            >>> execution = conn.algo.wcc("Account")
            >>> conn.algo.status(execution.execution_id).status
            'completed'
        """
        reply = self._connection._get(f"/{self._family}/status/{quote(execution_id, safe='')}")
        return AlgorithmExecution.from_dict(reply)

    def executions(self, status: Optional[str] = None, limit: int = 20) -> List[AlgorithmExecution]:
        """List executions on this instance, newest first.

        Args:
            status: ``running``, ``completed``, ``failed`` or ``cancelled``.
            limit: Largest number of executions, at most 100.

        Returns:
            The executions.

        Example:
            >>> execution = conn.algo.wcc("Account")
            >>> conn.algo.executions(status="completed", limit=1)[0].algorithm_name
            'wcc'
        """
        reply = self._connection._get("/algo/executions", {"status": status, "limit": min(limit, 100)})
        return [AlgorithmExecution.from_dict(item) for item in reply["executions"]]

    def cancel(self, execution_id: str) -> AlgorithmExecution:
        """Stop a running execution; nothing is written.

        Args:
            execution_id: What ``run(..., wait=False)`` returned as ``execution_id``.

        Returns:
            The execution, cancelled.

        Raises:
            NotFoundError: The instance does not know it (any more).
            InvalidStateError: It has ended.

        Example:
            >>> from graph_olap import InvalidStateError
            >>> execution = conn.algo.wcc("Account")
            >>> try:
            ...     conn.algo.cancel(execution.execution_id)
            ... except InvalidStateError:
            ...     print("It has ended.")
            It has ended.
        """
        url = f"{self._connection.instance_url}/algo/executions/{quote(execution_id, safe='')}"
        return AlgorithmExecution.from_dict(self._connection._request(Call("DELETE", url)))

    def wait(self, execution_id: str, timeout: Optional[float] = None) -> AlgorithmExecution:
        """Wait until an execution has ended.

        Args:
            execution_id: What ``run(..., wait=False)`` returned as ``execution_id``.
            timeout: Seconds to wait; as long as it takes by default.

        Returns:
            The ended execution.

        Raises:
            AlgorithmFailedError: It failed or was cancelled.
            AlgorithmTimeoutError: It exceeded its time limit, or the wait took too long.

        Example:
            >>> execution = conn.algo.wcc("Account", wait=False)
            >>> conn.algo.wait(execution.execution_id, timeout=60).status
            'completed'
        """
        return self._finish(self.status(execution_id), Deadline(timeout, _LONGEST_POLL))

    def _execute(self, name: str, body: Mapping[str, Any], timeout: Optional[float], wait: bool) -> AlgorithmExecution:
        connection = self._connection
        deadline = Deadline(timeout, _LONGEST_POLL)
        reply = connection._request(
            Call(
                "POST",
                f"{connection.instance_url}/{self._family}/{quote(name, safe='')}",
                json=body,
                headers=_preference(timeout if wait else 0.0),
                timeout=_START_TIMEOUT,
                repeat=Repeat.UNSENT,
            )
        )
        execution = AlgorithmExecution.from_dict(reply)
        return self._finish(execution, deadline) if wait else execution

    def _finish(self, execution: AlgorithmExecution, deadline: Deadline) -> AlgorithmExecution:
        try:
            while execution.status in ("running", "pending"):
                if deadline.passed:
                    raise _still_running(execution, deadline, self._family)
                self._connection._http.sleep(deadline.next_delay())
                execution = self.status(execution.execution_id)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Stopped waiting; {execution.algorithm_name} goes on. "
                f"conn.{self._family}.cancel({execution.execution_id!r}) cancels it."
            ) from None
        if execution.status != "completed":
            raise _failed(execution)
        return execution


def _preference(timeout: Optional[float]) -> Dict[str, str]:
    # The server holds its answer back for up to _SYNC_WINDOW; who waits less long must say so.
    if timeout is None or timeout >= _SYNC_WINDOW:
        return {}
    return {"Prefer": f"wait={int(timeout)}" if timeout >= 1 else "respond-async"}


def _failed(execution: AlgorithmExecution) -> GraphOLAPError:
    kind = AlgorithmTimeoutError if execution.error_code == "ALGORITHM_TIMEOUT" else AlgorithmFailedError
    reason = execution.error_message or execution.status
    return kind(
        f"{execution.algorithm_name} {execution.status}: {reason}",
        {"algorithm": execution.algorithm_name, "execution_id": execution.execution_id, "reason": reason},
        code=execution.error_code,
    )


def _still_running(execution: AlgorithmExecution, deadline: Deadline, family: str) -> AlgorithmTimeoutError:
    number = repr(execution.execution_id)
    return AlgorithmTimeoutError(
        f"{execution.algorithm_name} was not finished within {deadline.timeout:g} s.",
        {"algorithm": execution.algorithm_name, "execution_id": execution.execution_id},
        hint=f"It goes on: conn.{family}.wait({number}) waits again, conn.{family}.cancel({number}) cancels it.",
    )
