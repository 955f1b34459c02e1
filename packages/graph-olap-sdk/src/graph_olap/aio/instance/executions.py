"""Starting algorithms and following their executions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional
from urllib.parse import quote

from graph_olap._arrow import ARROW_STREAM
from graph_olap._optional import require
from graph_olap._page import Records
from graph_olap._progress import ProgressReporter
from graph_olap._request import Call, Repeat
from graph_olap._waiting import Deadline
from graph_olap.aio.instance.runs import AsyncAlgorithmRun
from graph_olap.exceptions import (
    AlgorithmFailedError,
    AlgorithmNotFoundError,
    AlgorithmTimeoutError,
    GraphOLAPError,
    ValidationError,
)
from graph_olap.models import AlgorithmExecution, Progress

if TYPE_CHECKING:
    from graph_olap.aio.instance.connection import AsyncInstanceConnection

__all__ = ["AsyncExecutions"]

_LONGEST_POLL = 2.0
_SYNC_WINDOW = 5.0  # how long the server waits for an end before it answers 202
_UNSEEN = 1.0  # a run that is over by then shows no progress bar
_DOWNLOAD_TIMEOUT = 300.0
_START_TIMEOUT = 60.0  # the server answers within its sync window of at most 30 s


class AsyncExecutions:
    """What native and NetworkX algorithms have in common."""

    _family: str

    def __init__(self, connection: AsyncInstanceConnection) -> None:
        self._connection = connection

    async def algorithms(self, category: Optional[str] = None, search: Optional[str] = None) -> Records:
        """List the algorithms, sorted by name.

        Args:
            category: ``centrality``, ``community``, ``pathfinding``, ``similarity``, ``traversal``, ``clustering``,
                ``link_prediction`` or ``other``.
            search: Text in name or description, any case.

        Returns:
            ``name``, ``category``, ``description``, parameters and result of each.

        Example:
            >>> [found["name"] for found in await conn.algo.algorithms(search="pagerank")]
            ['pagerank']
        """
        reply = await self._connection._get(f"/{self._family}/algorithms", {"category": category, "search": search})
        return Records(reply["algorithms"], ("name", "category", "description", "returns"))

    async def algorithm_info(self, name: str) -> Dict[str, Any]:
        """Get what an algorithm does, takes and returns.

        Args:
            name: Name or alias.

        Returns:
            ``name``, ``category``, ``description``, parameters and result.

        Raises:
            AlgorithmNotFoundError: There is none of this name; ``details["suggestions"]`` lists near ones.

        Example:
            >>> (await conn.algo.algorithm_info("pagerank"))["category"]
            'centrality'
        """
        info: Dict[str, Any] = await self._connection._get(f"/{self._family}/algorithms/{_path_of(name)}")
        return info

    async def status(self, execution_id: str) -> AsyncAlgorithmRun:
        """Get how far an execution is; also one of another notebook, of somebody else, or from before a restart.

        Args:
            execution_id: The ``execution_id`` of a run.

        Returns:
            The run as it is now.

        Raises:
            NotFoundError: The instance does not know it (any more); it remembers the last 100.

        Example:
            >>> run = await conn.algo.wcc("Account")
            >>> (await conn.algo.status(run.execution_id)).status
            'completed'
        """
        reply = await self._connection._get(f"/{self._family}/status/{quote(execution_id, safe='')}")
        return AsyncAlgorithmRun._of(reply, self)

    async def executions(self, status: Optional[str] = None, limit: int = 20) -> List[AsyncAlgorithmRun]:
        """List executions on this instance, newest first.

        Args:
            status: ``running``, ``completed``, ``failed`` or ``cancelled``.
            limit: Largest number of executions, at most 100.

        Returns:
            The executions of all users, native and of NetworkX.

        Example:
            >>> run = await conn.algo.wcc("Account")
            >>> (await conn.algo.executions(status="completed", limit=1))[0].algorithm_name
            'wcc'
        """
        reply = await self._connection._get("/algo/executions", {"status": status, "limit": min(limit, 100)})
        return [AsyncAlgorithmRun._of(item, self) for item in reply["executions"]]

    async def cancel(self, execution_id: str) -> AsyncAlgorithmRun:
        """Stop a running execution; nothing is written.

        Args:
            execution_id: The ``execution_id`` of a run.

        Returns:
            The run, cancelled.

        Raises:
            NotFoundError: The instance does not know it (any more).
            InvalidStateError: It has ended.

        Example:
            >>> from graph_olap import InvalidStateError
            >>> run = await conn.algo.wcc("Account")
            >>> try:
            ...     await conn.algo.cancel(run.execution_id)
            ... except InvalidStateError:
            ...     print("It has ended.")
            It has ended.
        """
        url = f"{self._connection.instance_url}/algo/executions/{quote(execution_id, safe='')}"
        return AsyncAlgorithmRun._of(await self._connection._request(Call("DELETE", url)), self)

    async def wait(
        self, execution_id: str, timeout: Optional[float] = None, *, progress: Optional[bool] = None
    ) -> AsyncAlgorithmRun:
        """Wait until an execution has ended.

        Args:
            execution_id: The ``execution_id`` of a run.
            timeout: Seconds to wait; as long as it takes by default.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            The ended run.

        Raises:
            AlgorithmFailedError: It failed or was cancelled.
            AlgorithmTimeoutError: It exceeded its time limit, or the wait took too long.

        Example:
            >>> run = await conn.algo.wcc("Account", wait=False)
            >>> (await conn.algo.wait(run.execution_id, timeout=60)).status
            'completed'
        """
        deadline = Deadline(timeout, _LONGEST_POLL)
        run = await self.status(execution_id)
        with ProgressReporter(run.algorithm_name, progress, None) as reporter:
            return await self._finish(run, deadline, reporter)

    async def _execute(
        self,
        name: str,
        body: Mapping[str, Any],
        timeout: Optional[float],
        wait: bool,
        progress: Optional[bool] = None,
    ) -> AsyncAlgorithmRun:
        connection = self._connection
        url = f"{connection.instance_url}/{self._family}/{_path_of(name)}"
        deadline = Deadline(timeout, _LONGEST_POLL)
        with ProgressReporter(name, progress, None) as reporter:
            call = Call(
                "POST",
                url,
                json=body,
                headers=_preference(timeout if wait else 0.0, reporter.shows),
                timeout=_START_TIMEOUT,
                repeat=Repeat.UNSENT,
            )
            try:
                run = AsyncAlgorithmRun._of(await connection._request(call), self)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"Stopped waiting; {name} goes on if it had begun. conn.{self._family}.executions('running') lists "
                    "it, .cancel() of an entry cancels it."
                ) from None
            return await self._finish(run, deadline, reporter) if wait else run

    async def _finish(
        self, run: AsyncAlgorithmRun, deadline: Deadline, reporter: ProgressReporter
    ) -> AsyncAlgorithmRun:
        try:
            while not run.done:
                reporter.update(_progress_of(run))
                if deadline.passed:
                    raise _still_running(run, deadline, self._family)
                await self._connection._http.sleep(deadline.next_delay())
                run = await self.status(run.execution_id)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Stopped waiting; {run.algorithm_name} goes on. "
                f"conn.{self._family}.cancel({run.execution_id!r}) cancels it."
            ) from None
        if run.status != "completed":
            raise _failed(run)
        return run

    async def _table(self, execution_id: str) -> Any:
        url = f"{self._connection.instance_url}/algo/executions/{quote(execution_id, safe='')}/result"
        call = Call("GET", url, headers={"Accept": ARROW_STREAM}, timeout=_DOWNLOAD_TIMEOUT)
        response = await self._connection._send(call)
        # The reply names its length, so a cut one is an error of the connection before it comes here.
        return require("pyarrow", "dataframe").ipc.open_stream(response.content).read_all()


def _path_of(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        reason = f"the name of an algorithm is required, not {name!r}; algorithms() lists them"
        raise ValidationError(f"name: {reason}.", {"field": "name", "reason": reason})
    if "/" in name:  # no address can hold it
        raise AlgorithmNotFoundError(f"There is no algorithm called {name!r}.", {}, hint="algorithms() lists them.")
    return quote(name, safe="")


def _progress_of(run: AlgorithmExecution) -> Progress:
    return Progress(id=0, status=run.status, phase=run.phase or "starting", progress_percent=run.progress_percent or 0)


def _preference(timeout: Optional[float], shows_progress: bool) -> Dict[str, str]:
    # The server holds its answer back for up to _SYNC_WINDOW; who waits less long, or watches, must say so.
    if shows_progress and (timeout is None or timeout > _UNSEEN):
        timeout = _UNSEEN
    if timeout is None or timeout >= _SYNC_WINDOW:
        return {}
    return {"Prefer": f"wait={int(timeout)}" if timeout >= 1 else "respond-async"}


def _failed(execution: AlgorithmExecution) -> GraphOLAPError:
    kind = AlgorithmTimeoutError if execution.error_code == "ALGORITHM_TIMEOUT" else AlgorithmFailedError
    reason = execution.error_message or execution.status
    return kind(
        reason
        if reason.startswith(execution.algorithm_name)
        else f"{execution.algorithm_name} {execution.status}: {reason}",
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
