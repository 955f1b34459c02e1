"""ISO 8601 durations and what the engines and Python make of them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

__all__ = ["CalendarInterval", "format_interval", "is_plain_interval", "parse_interval"]

_MICROSECONDS = 1_000_000
_DAY = 86_400 * _MICROSECONDS
_ISO = re.compile(
    r"(-)?P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,6}))?S)?)?"
)


@dataclass(frozen=True, slots=True)
class CalendarInterval:
    """An interval in months, days and microseconds, as the engines hold it."""

    months: int
    days: int
    microseconds: int

    @classmethod
    def from_timedelta(cls, value: dt.timedelta) -> CalendarInterval:
        """Take an interval without months."""
        total = (value.days * 86_400 + value.seconds) * _MICROSECONDS + value.microseconds
        sign = -1 if total < 0 else 1
        days, rest = divmod(abs(total), _DAY)
        return cls(0, sign * days, sign * rest)

    def __neg__(self) -> CalendarInterval:
        return CalendarInterval(-self.months, -self.days, -self.microseconds)

    def engine_text(self) -> str:
        """Write the interval as the engines read it."""
        return f"{self.months} months {self.days} days {self.microseconds} microseconds"


def parse_interval(text: str) -> CalendarInterval:
    """Read an ISO 8601 duration.

    Raises:
        ValueError: The text is not a duration.

    Example:
        >>> parse_interval("P1Y2M3DT4H5M6.5S")
        CalendarInterval(months=14, days=3, microseconds=14706500000)
    """
    match = _ISO.fullmatch(text.strip())
    if match is None or not any(match.groups()[1:]):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as P1DT2H or P1Y2M3DT4H5M6.5S")
    sign = -1 if match.group(1) else 1
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:8])
    fraction = int((match.group(9) or "0").ljust(6, "0"))
    micros = ((hours * 60 + minutes) * 60 + seconds) * _MICROSECONDS + fraction
    return CalendarInterval(sign * (years * 12 + months), sign * (weeks * 7 + days), sign * micros)


def is_plain_interval(microseconds: int) -> bool:
    """Tell whether a duration can be written with days, hours, minutes and whole seconds, without a sign."""
    return microseconds >= 0 and microseconds % _MICROSECONDS == 0


def format_interval(microseconds: int) -> str:
    """Write a duration in ISO 8601.

    Example:
        >>> format_interval(93_784_000_000), format_interval(-1_500_000)
        ('P1DT2H3M4S', '-P0DT0H0M1.5S')
    """
    days, rest = divmod(abs(microseconds), _DAY)
    seconds, fraction = divmod(rest, _MICROSECONDS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    decimals = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{'-' if microseconds < 0 else ''}P{days}DT{hours}H{minutes}M{seconds}{decimals}S"
