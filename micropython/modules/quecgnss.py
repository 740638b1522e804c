# QuecPython's quecgnss: a receiver that moves along a street, or reads its sentences from the file that QTH_GNSS names.
import os
import time

_OFF, _POSITIONING = 0, 2
_GGA, _RMC, _GSV, _GSA, _VTG, _GLL = 1, 2, 4, 8, 16, 32
_SATELLITES = ((5, 45, 120, 41), (12, 60, 40, 44), (15, 30, 250, 38), (24, 15, 310, 33))  # number, elevation, azimuth, dB-Hz

_start = None
_priority = 0
# Systems of satellites, sentences, assistance, its storage, backup power.
_settings = {0: 1, 1: _GGA | _RMC | _GSV | _GSA, 2: 0, 3: 0, 4: 0}


def init():
    global _start
    _start = time.time()
    return 0


def gnssEnable(opt):
    global _start
    if opt:
        return init()
    _start = None
    return 0


def get_state():
    return _OFF if _start is None else _POSITIONING


def getPriority():
    return _priority


def setPriority(Priority):
    global _priority
    if Priority not in (0, 1):
        return -1
    _priority = Priority
    return 0


def configSet(config_type, config_value):
    if config_type not in _settings:
        return -1
    _settings[config_type] = config_value
    return 0


def configGet(config_type):
    return _settings.get(config_type, -1)


def _checked(body):
    sum = 0
    for byte in body.encode():
        sum ^= byte
    return "$%s*%02X\r\n" % (body, sum)


def _sentences():
    path = os.getenv("QTH_GNSS")
    if path:
        with open(path) as file:
            return file.read()
    clock = time.gmtime()
    now = "%02d%02d%02d.000" % clock[3:6]
    day = "%02d%02d%02d" % (clock[2], clock[1], clock[0] % 100)
    minutes = 31.0 + (time.time() - _start) % 600 * 0.01
    place = "3109.0000,N,121%07.4f,E" % minutes
    seen = "".join(",%02d,%02d,%03d,%02d" % satellite for satellite in _SATELLITES)
    used = "".join(",%02d" % satellite[0] for satellite in _SATELLITES) + "," * (12 - len(_SATELLITES))
    bodies = (
        (_GGA, "GNGGA,%s,%s,1,%02d,0.8,12.0,M,8.0,M,," % (now, place, len(_SATELLITES))),
        (_RMC, "GNRMC,%s,A,%s,19.4,90.0,%s,,,A" % (now, place, day)),
        (_GSA, "GNGSA,A,3%s,1.6,0.8,1.4" % used),
        (_GSV, "GPGSV,1,1,%02d%s" % (len(_SATELLITES), seen)),
        (_VTG, "GNVTG,90.0,T,,M,19.4,N,35.9,K,A"),
        (_GLL, "GNGLL,%s,%s,A,A" % (place, now)),
    )
    return "".join(_checked(body) for kind, body in bodies if _settings[1] & kind)


def read(size):
    """The length and the text of what the receiver said last; -1 and '' before init()."""
    if _start is None:
        return -1, ""
    sentences = _sentences()[:size]
    return len(sentences), sentences
