"""When a failed call is sent again, after which wait, and until when: the one place of these rules.

A call is repeated at most ``max_retries`` times and never beyond its total time; what may be repeated at all is in
:class:`Repeat`. Both clients hand an :class:`Attempts` to tenacity, which runs the loop.
"""

from __future__ import annotations

import enum
import time
from typing import TYPE_CHECKING, Callable, Dict, Optional

import httpx
from tenacity import RetryCallState, wait_exponential_jitter

from graph_olap.exceptions import GraphOLAPError

if TYPE_CHECKING:
    from graph_olap._request import Call
    from graph_olap.config import Config

__all__ = ["Attempts", "Repeat", "may_repeat"]

LONGEST_RETRY_AFTER = 60.0
"""A server that asks to come back later than this (seconds) gets no silent wait: the error is raised at once."""

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_MAYBE_DONE = (
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.RemoteProtocolError,
)
_SHORTEST = 0.001  # an attempt without any time would be refused by the network layer
_backoff = wait_exponential_jitter(initial=1, max=10, jitter=0.5)


class Repeat(enum.Enum):
    """What may be repeated after a failure."""

    SAFE = "safe"
    """Repeating does no harm: reads, deletes, and writes, which carry an idempotency key."""

    UNSENT = "unsent"
    """Only when nothing was sent or the server did not start on it: queries and algorithms."""

    NEVER = "never"
    """The caller repeats by itself: a probe in a waiting loop."""


def may_repeat(error: BaseException, repeat: Repeat) -> bool:
    """Return whether a failed attempt may be repeated.

    Example:
        >>> from graph_olap.exceptions import ServerError
        >>> may_repeat(ServerError("boom", status_code=500), Repeat.SAFE)
        False
    """
    if not isinstance(error, GraphOLAPError) or repeat is Repeat.NEVER:
        return False
    transport_error = error.__context__
    if isinstance(transport_error, _NOTHING_SENT):
        return True
    if isinstance(transport_error, _MAYBE_DONE):
        return repeat is Repeat.SAFE
    delay = error.details.get("retry_after_seconds")
    if error.status_code != 503 or delay is None or delay > LONGEST_RETRY_AFTER:
        return False
    return repeat is Repeat.SAFE or error.code == "INSTANCE_NOT_READY"


class Attempts:
    """The attempts of one call.

    Args:
        call: What is asked.
        config: ``timeout`` (of one attempt), ``total_timeout`` and ``max_retries``.
        clock: Replaces the monotonic clock; for tests.
    """

    def __init__(self, call: Call, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._repeat = call.repeat
        self._most = config.max_retries + 1
        self._timeout = call.timeout or config.timeout
        self._clock = clock
        self._end = clock() + _total(call, config)
        self._delays: Dict[int, float] = {}
        self._maybe_done = False
        self._given_up = False

    def limit(self, request: httpx.Request) -> None:
        """Give the next attempt its own time, or what is left of the call's."""
        seconds = max(_SHORTEST, min(self._timeout, self._end - self._clock()))
        request.extensions["timeout"] = httpx.Timeout(seconds).as_dict()

    def lost(self, transport_error: httpx.HTTPError) -> None:
        """Remember that no answer arrived although the server may have done the work."""
        self._maybe_done = self._maybe_done or isinstance(transport_error, _MAYBE_DONE)

    def deleted_before(self, response: httpx.Response) -> bool:
        """Return whether an earlier attempt deleted the object and only its answer was lost."""
        return response.status_code == 404 and response.request.method == "DELETE" and self._maybe_done

    def may_repeat(self, error: BaseException) -> bool:
        """Return whether this failure allows another attempt."""
        return not self._given_up and may_repeat(error, self._repeat)

    @staticmethod
    def is_refusal(transport_error: httpx.HTTPError) -> bool:
        """Return whether no connection was made."""
        return isinstance(transport_error, _NOTHING_SENT)

    def give_up(self) -> None:
        """Make no further attempt."""
        self._given_up = True

    def exhausted(self, state: RetryCallState) -> bool:
        """Return whether no attempt is left, or none would begin in time; the error then counts the attempts."""
        over = state.attempt_number >= self._most or self._clock() + self.delay(state) >= self._end
        error = _error(state)
        if over and error is not None and state.attempt_number > 1:
            error.details["attempts"] = state.attempt_number
        return over

    def delay(self, state: RetryCallState) -> float:
        """Seconds before the next attempt: what the server asked for, else exponential from 1 s to 10 s with jitter."""
        if state.attempt_number not in self._delays:  # drawn once, so that what is checked is what is waited
            error = _error(state)
            asked = error.details.get("retry_after_seconds") if error is not None else None
            self._delays[state.attempt_number] = float(asked) if asked is not None else _backoff(state)
        return self._delays[state.attempt_number]


def _total(call: Call, config: Config) -> float:
    if call.timeout is None:
        return config.call_timeout
    # The time of a query begins when the instance takes it; waiting for an instance that loads comes on top.
    return call.timeout if call.repeat is Repeat.SAFE else max(call.timeout, config.call_timeout)


def _error(state: RetryCallState) -> Optional[GraphOLAPError]:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, GraphOLAPError) else None
