# QuecPython's modem: what identifies the device.
import _board


def getDevImei():
    return _board.imei()


def getDevSN():
    return "QTH" + _board.imei()


def getDevModel():
    return "QTH-UNIX"


def getDevFwVersion():
    return _board.version()


def getDevProductId():
    return "Qth"
