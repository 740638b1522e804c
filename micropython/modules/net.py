# QuecPython's net: registered at home in an LTE network.
import utime

import _board

_LTE = 5
_E_UTRAN = 7
_UNKNOWN = 255
_MCC, _MNC, _TAC, _CELL, _PCI, _CHANNEL, _RSRQ = 1, 1, 1, 0x101, 1, 1300, -10

_config = (_LTE, 0)
_functionality = 1


def csqQueryPoll():
    # 3GPP TS 27.007, +CSQ: 0 is -113 dBm, 31 is -51 dBm, 2 dB a step.
    return max(0, min(31, (_board.signal() + 113) // 2))


def getSignal(sinrEnable=0):
    lte = [_board.signal(), _board.signal(), _RSRQ, _UNKNOWN]
    return ([99, 99, _UNKNOWN, _UNKNOWN], lte + [20] if sinrEnable else lte)


def getState():
    registered = [1, _TAC, _CELL, _E_UTRAN, 0, 0]
    return (registered, registered[:])


def getCellInfo(sinrEnable=0):
    cell = (0, _CELL, _MCC, _MNC, _PCI, _TAC, _CHANNEL, _board.signal(), _RSRQ)
    return ([], [], [cell + (20,) if sinrEnable else cell])


def getServingCell():
    return getCellInfo()[2][0]


def getCi():
    return [_CELL]


def getServingCi():
    return _CELL


def getMcc():
    return [_MCC]


def getServingMcc():
    return _MCC


def getMnc():
    return [_MNC]


def getServingMnc():
    return _MNC


def getLac():
    return [_TAC]


def getServingLac():
    return _TAC


def getConfig():
    return (_config[0], bool(_config[1]))


def setConfig(mode, roaming=0):
    global _config
    _config = (mode, roaming)
    return 0


def getNetMode():
    return (0, "001", "01", _E_UTRAN)


def getModemFun():
    return _functionality


def setModemFun(fun, rst=0):
    global _functionality
    _functionality = fun
    return 0


def operatorName():
    return ("Test network", "Test", "001", "01")


def nitzTime():
    now = utime.localtime(utime.time())
    return ("%02d/%02d/%02d %02d:%02d:%02d 0 0" % ((now[0] % 100,) + tuple(now[1:6])), utime.time(), 0)


_ABSENT = {
    "setBand": "it has no radio",
    "getBand": "it has no radio",
    "bandRst": "it has no radio",
    "setFreq": "it has no radio",
}
__getattr__ = _board.absent(__name__, _ABSENT)
