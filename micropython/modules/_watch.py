# What changes outside, such as levels of pins, is noticed by one timer for all who ask; their callbacks run in the thread of
# callbacks.
import sys

import osTimer

_PERIOD = 10  # milliseconds

_timer = osTimer()
_looks = []


def _look(_):
    for look in _looks[:]:
        try:
            look()
        except Exception as error:
            sys.print_exception(error)


def add(look):
    if look not in _looks:
        _looks.append(look)
    if len(_looks) == 1:
        _timer.start(_PERIOD, 1, _look)


def remove(look):
    if look in _looks:
        _looks.remove(look)
    if not _looks:
        _timer.stop()
