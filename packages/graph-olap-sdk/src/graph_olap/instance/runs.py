# Derived from graph_olap/aio/instance/runs.py; edit that file and run `make sync`.
"""One run of an algorithm, as a handle: how far it is, its end, its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from pydantic import PrivateAttr

from graph_olap._arrow import choose_backend, to_frame
from graph_olap.models import AlgorithmExecution

if TYPE_CHECKING:
    from graph_olap.instance.executions import Executions

__all__ = ["AlgorithmRun"]


class AlgorithmRun(AlgorithmExecution):
    """A run of an algorithm: everything an ``AlgorithmExecution`` tells, and methods to follow it.

    ``run(..., wait=False)`` returns it at once, :meth:`Executions.status` finds it again, also from another
    notebook and after the instance's process came back.

    Example:
        >>> run = conn.algo.pagerank("Account", wait=False)
        >>> run.wait(timeout=60).status
        'completed'
        >>> run.progress
        100
    """

    _executions: Any = PrivateAttr(default=None)

    @classmethod
    def _of(cls, reply: Any, executions: Executions) -> AlgorithmRun:
        run = cls.from_dict(reply)
        run._executions = executions
        return run

    @property
    def done(self) -> bool:
        """Whether it has ended, as of the last look."""
        return self.status not in ("running", "pending")

    @property
    def progress(self) -> int:
        """How far it was at the last look, in percent; :meth:`refresh` looks again."""
        return 100 if self.status == "completed" else self.progress_percent or 0

    def __repr__(self) -> str:
        state = self.status if self.done else f"{self.status}, {self.phase or 'starting'}, {self.progress} %"
        return f"{type(self).__name__}({self.algorithm_name!r}, {state}, execution_id={self.execution_id!r})"

    def __str__(self) -> str:
        return repr(self)

    def refresh(self) -> AlgorithmRun:
        """Look how far it is.

        Returns:
            The run itself, as it is now.

        Raises:
            NotFoundError: The instance does not know it (any more).

        Example:
            >>> run = conn.algo.wcc("Account")
            >>> run.refresh().status
            'completed'
        """
        return self._take(self._executions.status(self.execution_id))

    def wait(self, timeout: Optional[float] = None, *, progress: Optional[bool] = None) -> AlgorithmRun:
        """Wait until it has ended.

        Args:
            timeout: Seconds to wait; as long as it takes by default.
            progress: Show a progress bar; by default in notebooks and terminals, when it takes long.

        Returns:
            The run itself, ended.

        Raises:
            AlgorithmFailedError: It failed or was cancelled.
            AlgorithmTimeoutError: It exceeded its time limit, or the wait took too long.

        Example:
            >>> run = conn.algo.wcc("Account", wait=False)
            >>> run.wait(60).result["component_count"]
            1
        """
        return self._take(self._executions.wait(self.execution_id, timeout, progress=progress))

    def cancel(self) -> AlgorithmRun:
        """Stop it; nothing is written, also when it was writing already.

        Returns:
            The run itself, cancelled.

        Raises:
            InvalidStateError: It has ended.

        Example:
            >>> from graph_olap import InvalidStateError
            >>> run = conn.algo.wcc("Account")
            >>> try:
            ...     run.cancel()
            ... except InvalidStateError:
            ...     print("It has ended.")
            It has ended.
        """
        return self._take(self._executions.cancel(self.execution_id))

    def to_arrow(self) -> Any:
        """Get the whole result of a run in mode ``stream``; waits for the end.

        Returns:
            A ``pyarrow.Table``: per node ``_id``, ``_label``, ``key`` and ``value``; per relationship or pair the ends
            and a value; one row per path.

        Raises:
            NotFoundError: It was no run in mode ``stream``, or its result was pushed out by newer ones.
            AlgorithmFailedError: It failed or was cancelled.

        Example:
            >>> run = conn.algo.run("wcc", "Account", mode="stream", wait=False)
            >>> run.to_arrow().column_names
            ['_id', '_label', 'key', 'value']
        """
        if not self.done:
            self.wait()
        return self._executions._table(self.execution_id)

    def to_polars(self) -> Any:
        """Get the whole result of a run in mode ``stream`` as a ``polars.DataFrame``; see :meth:`to_arrow`.

        Returns:
            The frame.

        Example:
            >>> run = conn.algo.run("wcc", "Account", mode="stream")
            >>> run.to_polars()["value"].to_list()
            [0, 0, 0, 0]
        """
        return to_frame(self.to_arrow(), choose_backend("polars"))

    def to_pandas(self) -> Any:
        """Get the whole result of a run in mode ``stream`` as a ``pandas.DataFrame``; see :meth:`to_arrow`.

        Returns:
            The frame.

        Example:
            >>> run = conn.algo.run("wcc", "Account", mode="stream")
            >>> run.to_pandas()["value"].tolist()
            [0, 0, 0, 0]
        """
        return to_frame(self.to_arrow(), choose_backend("pandas"))

    def _take(self, newer: AlgorithmRun) -> AlgorithmRun:
        for name in AlgorithmExecution.model_fields:
            setattr(self, name, getattr(newer, name))
        return self
