"""ISO 8601 durations of weeks, days, hours, minutes and seconds."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["parse_duration"]

_WEEKS = re.compile(r"P(\d{1,9})W", re.ASCII)
_PARTS = re.compile(r"P(?:(\d{1,9})D)?(T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII)
_LONGEST = timedelta(days=36_500)


def parse_duration(text: str) -> timedelta:
    """Parse a duration; it must be longer than zero.

    Raises:
        ValueError: The text is no such duration; the message is fit for an analyst.

    Example:
        >>> parse_duration("P1DT12H")
        datetime.timedelta(days=1, seconds=43200)
    """
    duration = _parse(text)
    if duration is None:
        raise ValueError(f"{text!r} is not a duration; write it like PT30M, PT4H, P7D or P1DT12H")
    if duration <= timedelta(0):
        raise ValueError("a duration must be longer than zero")
    if duration > _LONGEST:
        raise ValueError("a duration must be at most 100 years")
    return duration


def _parse(text: str) -> timedelta | None:
    if weeks := _WEEKS.fullmatch(text):
        return _bounded(weeks=int(weeks.group(1)))
    match = _PARTS.fullmatch(text)
    if match is None or text == "P" or match.group(2) == "T":
        return None
    days, _, hours, minutes, seconds = match.groups(default="0")
    return _bounded(days=int(days), hours=int(hours), minutes=int(minutes), seconds=int(seconds))


def _bounded(**parts: int) -> timedelta:
    try:
        return timedelta(**parts)
    except OverflowError:
        return _LONGEST + timedelta(days=1)
