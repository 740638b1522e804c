"""The time; beside these the module has what MicroPython's `time` has."""

from typing import Optional, Tuple

_Time = Tuple[int, int, int, int, int, int, int, int]

def time() -> int:
    """Seconds since 1970."""

def localtime(secs: Optional[int] = None) -> _Time:
    """(year, month, day, hour, minute, second, weekday from Monday, day of the year): of the seconds, or now in the time zone."""

def mktime(date: tuple) -> int:
    """The seconds of such a tuple."""

def getTimeZone() -> int:
    """Hours east of Greenwich, at first 0."""

def setTimeZone(offset: int) -> int:
    """Sets the time zone, -12 to 12: 0, otherwise -1."""

def set(seconds: int) -> None:
    """For machine.RTC: sets the clock."""

def reset() -> None:
    """For ntptime: the clock is this machine's again."""
