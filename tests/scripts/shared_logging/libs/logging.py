# A logging library that an application shares: one lock around what is written.
import _thread
import sys

import utime

_lock = _thread.allocate_lock()
_loggers = {}


class Logger:
    def __init__(self, name):
        self.name = name

    def log(self, level, *message):
        with _lock:
            now = utime.localtime()
            print("[%02d:%02d:%02d]" % tuple(now[3:6]), "[%s]" % self.name, "[%s]" % level, *message)

    def info(self, *message):
        self.log("INFO", *message)

    def error(self, error):
        with _lock:
            sys.print_exception(error)


def getLogger(name):
    if name not in _loggers:
        _loggers[name] = Logger(name)
    return _loggers[name]
