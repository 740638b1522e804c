# Timers, the clock and the watchdog.
import osTimer
import umachine
import utime

_DAYS_TO_SUNDAY = 1  # utime counts from Monday, the clock from Sunday


class Timer:
    Timer0, Timer1, Timer2, Timer3 = range(4)
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, Timern):
        self._timer = osTimer()

    def start(self, period, mode, callback):
        return self._timer.start(period, mode, lambda _: callback(self))

    def stop(self):
        return self._timer.stop()


class WDT:
    def __init__(self, period):
        self._milliseconds = period * 1000
        self._timer = osTimer()
        self.feed()

    def _bite(self, _):
        print("WDT: not fed for %d s" % (self._milliseconds // 1000))
        umachine.reset()

    def feed(self):
        return self._timer.start(self._milliseconds, 0, self._bite)

    def stop(self):
        self._timer.stop()
        return 0


def _seconds(date):
    # (year, month, day, week, hour, minute, second, microsecond)
    return utime.mktime((date[0], date[1], date[2], date[4], date[5], date[6], 0, 0))


class RTC:
    def __init__(self):
        self._callback = None
        self._alarm = None
        self._timer = osTimer()

    def datetime(self, args=()):
        if args:
            utime.set(_seconds(args))
            return 0
        now = utime.localtime()
        return (now[0], now[1], now[2], (now[6] + _DAYS_TO_SUNDAY) % 7, now[3], now[4], now[5], 0)

    def register_callback(self, fun):
        self._callback = fun
        return 0

    def set_alarm(self, data_e):
        self._alarm = _seconds(data_e)
        return 0

    def _ring(self, _):
        if self._callback:
            self._callback(None)

    def enable_alarm(self, on_off):
        self._timer.stop()
        if not on_off:
            return 0
        if self._alarm is None:
            return -1
        return self._timer.start(max(1, (self._alarm - utime.mktime(utime.localtime())) * 1000), 0, self._ring)
