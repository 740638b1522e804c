# QuecPython's quectel, as far as scripts that use Qth need it: Log sets how much the firmware itself logs. This one
# logs nothing, so the level is only kept.


class Log:
    NONE = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    DEBUG = 4

    def __init__(self):
        self._level = Log.NONE

    def set_level(self, level):
        self._level = level

    def get_level(self):
        return self._level
