# QuecPython's utime: the port's time with a time zone, and a clock that can be set.
import time as _port
from time import *

__name__ = "utime"

_offset = 0  # seconds that the clock was moved by
_zone = 0  # hours


def time():
    return int(_port.time()) + _offset


def localtime(secs=None):
    return _port.gmtime(time() + _zone * 3600 if secs is None else secs)


def mktime(date):
    # The port's own takes its argument for a time of this machine's zone.
    year, month, day, hour, minute, second = date[:6]
    # Days since 1970 of the proleptic Gregorian calendar, in years that begin in March.
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def getTimeZone():
    return _zone


def setTimeZone(offset):
    global _zone
    if not -12 <= offset <= 12:
        return -1
    _zone = offset
    return 0


def set(seconds):
    """Sets the clock: seconds since 1970 as the clock shows them, in its time zone. For machine.RTC."""
    global _offset
    _offset = seconds - _zone * 3600 - int(_port.time())


def reset():
    """Sets the clock by this machine's. For ntptime."""
    global _offset
    _offset = 0
