"""Showing how far long work is: a bar for people, a callback for programs."""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional

from graph_olap._environment import in_notebook, on_terminal
from graph_olap._optional import installed
from graph_olap.models import Progress

__all__ = ["ProgressCallback", "ProgressReporter"]

ProgressCallback = Callable[[str, int, int], None]
"""Called as ``on_progress(phase, completed_steps, total_steps)``."""


class ProgressReporter:
    """Passes progress on to a bar and a callback; a context manager that closes the bar.

    Args:
        title: What is being made, for example ``instance 'study'``.
        show: ``None`` shows a bar in notebooks and terminals when tqdm is installed; ``True`` always shows something
            (lines of text without tqdm); ``False`` never does.
        callback: Called at every look, so also when nothing has changed meanwhile.
    """

    def __init__(self, title: str, show: Optional[bool], callback: Optional[ProgressCallback]) -> None:
        self._title = title
        self._callback = callback
        automatic = installed("tqdm") and (in_notebook() or on_terminal())
        self.shows = automatic if show is None else show
        self._bar: Any = None
        self._last: Any = None
        self._waited = False
        self._percent = 0

    def __enter__(self) -> ProgressReporter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, progress: Progress, source: Optional[Progress] = None) -> None:
        """Report the state of the work.

        Args:
            progress: State of the work itself.
            source: State of the work it waits for (an instance waits for its snapshot). The bar shows this one first,
                as its first half.
        """
        if self._callback is not None:
            self._callback(progress.phase, progress.completed_steps, progress.total_steps)
        if self.shows:
            self._waited = self._waited or source is not None
            if source is None:
                self._show(progress, progress.phase, 50 if self._waited else 0)
            else:
                self._show(source, f"snapshot {source.phase}", 0)

    def _show(self, progress: Progress, phase: str, done_before: int) -> None:
        share = progress.progress_percent // 2 if self._waited else progress.progress_percent
        self._percent = max(self._percent, done_before + share)  # a bar that jumps back is not believed
        state = (phase, self._percent, progress.rows)
        if state == self._last:
            return
        changed_phase = self._last is None or self._last[0] != phase
        self._last = state
        rows = f"{progress.rows:,} rows" if progress.rows else ""
        if not installed("tqdm"):
            if changed_phase:
                parts = (f"{self._title}: {phase}", rows, f"{self._percent}%")
                print(", ".join(part for part in parts if part), file=sys.stderr)  # noqa: T201 - this is its output
            return
        description = f"{self._title}, {phase}"
        if self._bar is None:
            layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
            self._bar = _tqdm()(total=100, desc=description, bar_format=layout)
        self._bar.set_description_str(description, refresh=False)
        self._bar.set_postfix_str(rows, refresh=False)
        self._bar.n = self._percent
        self._bar.refresh()


def _tqdm() -> Any:
    # Without ipywidgets tqdm's notebook bar only warns, its text bar works.
    if in_notebook() and installed("ipywidgets"):
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    return tqdm
