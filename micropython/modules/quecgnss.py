# QuecPython's quecgnss: a receiver that moves along a street, or reads its sentences from the file that QTH_GNSS names.
import os
import time

_SENTENCES = 2  # a position and a speed each second
_start = None


def init():
    global _start
    _start = time.time()
    return 0


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
    minutes = 31.0 + (time.time() - _start) % 600 * 0.01
    place = "3109.0000,N,121%07.4f,E" % minutes
    position = "GNGGA,%s,%s,1,12,0.8,12.0,M,8.0,M,," % (now, place)
    speed = "GNRMC,%s,A,%s,19.4,90.0,%02d%02d%02d,,,A" % (now, place, clock[2], clock[1], clock[0] % 100)
    return _checked(position) + _checked(speed)


def read(size):
    """The length and the text of what the receiver said last; -1 and '' before init()."""
    if _start is None:
        return -1, ""
    sentences = _sentences()[:size]
    return len(sentences), sentences


def gnssEnable(opt):
    return init() if opt else 0
