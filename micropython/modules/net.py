# QuecPython's net: registered at home in an LTE network.
import time

import _board

_LTE = 5
_E_UTRAN = 7
_UNKNOWN = 255


def csqQueryPoll():
    # 3GPP TS 27.007, +CSQ: 0 is -113 dBm, 31 is -51 dBm, 2 dB a step.
    return max(0, min(31, (_board.signal() + 113) // 2))


def getSignal(sinr=0):
    lte = [_board.signal(), _board.signal(), -10, _UNKNOWN]
    return ([99, 99, _UNKNOWN, _UNKNOWN], lte + [20] if sinr else lte)


def getState():
    registered = [1, 1, 1, _E_UTRAN, 0, 0]
    return (registered, registered[:])


def getConfig():
    return (_LTE, False)


def getNetMode():
    return (0, "001", "01", _E_UTRAN)


def getModemFun():
    return 1


def setModemFun(function, restart=0):
    return 0


def operatorName():
    return ("Test network", "Test", "001", "01")


def nitzTime():
    now = int(time.time())
    return ("%02d/%02d/%02d %02d:%02d:%02d 0 0" % ((time.gmtime(now)[0] % 100,) + tuple(time.gmtime(now)[1:6])), now, 0)
