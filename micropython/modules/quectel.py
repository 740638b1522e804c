# QuecPython's quectel: how much the firmware logs, and where the device is.
import quecgnss


class Log:
    """This firmware logs nothing, so the level is only kept."""

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


class GNSS:
    def start(self):
        return quecgnss.init() == 0

    def stop(self):
        return quecgnss.gnssEnable(0) == 0

    def get_location(self):
        """None before start()."""
        if not quecgnss.get_state():
            return None
        sentence = [line for line in quecgnss.read(4096)[1].split("\r\n") if line[3:6] == "GGA"]
        if not sentence:
            return None
        fields = sentence[0].split(",")

        def degrees(text, side):
            dot = text.index(".") - 2
            return (float(text[:dot]) + float(text[dot:]) / 60) * (-1 if side in "SW" else 1)

        return {
            "utc_time": fields[1],
            "latitude": degrees(fields[2], fields[3]),
            "longitude": degrees(fields[4], fields[5]),
            "satellites": int(fields[7]),
            "hdop": float(fields[8]),
            "altitude": float(fields[9]),
        }
