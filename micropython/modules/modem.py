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


def getDevMAC():
    # An address that is administered locally, by the end of the device key.
    digits = ("0" * 10 + "".join("%02x" % byte for byte in _board.imei().encode()))[-10:]
    return ":".join(["02"] + [digits[i : i + 2] for i in range(0, 10, 2)]).upper()
