# QuecPython's log: loggers with a name and a level for all.
import sys
import time

DEBUG = 10
INFO = 20
WARNING = 30
ERROR = 40
CRITICAL = 50

_names = {DEBUG: "DEBUG", INFO: "INFO", WARNING: "WARNING", ERROR: "ERROR", CRITICAL: "CRITICAL"}
_level = INFO
_output = sys.stdout
_loggers = {}


class Logger:
    def __init__(self, name):
        self.name = name

    def log(self, level, message, *args):
        if level < _level:
            return
        text = message % args if args else str(message)
        now = "%04d-%02d-%02d %02d:%02d:%02d" % time.localtime()[:6]
        _output.write("[%s][%s][%s] %s\n" % (now, self.name, _names.get(level, level), text))

    def debug(self, message, *args):
        self.log(DEBUG, message, *args)

    def info(self, message, *args):
        self.log(INFO, message, *args)

    def warning(self, message, *args):
        self.log(WARNING, message, *args)

    def error(self, message, *args):
        self.log(ERROR, message, *args)

    def critical(self, message, *args):
        self.log(CRITICAL, message, *args)


def getLogger(name="root"):
    if name not in _loggers:
        _loggers[name] = Logger(name)
    return _loggers[name]


def basicConfig(level=INFO):
    global _level
    _level = level


def set_output(output):
    global _output
    _output = output
