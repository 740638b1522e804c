# QuecPython's sms: messages go out and none comes in.

_PLACES = ("SM", "ME", "MT")
_MOST = 50

_places = ["SM", "SM", "SM"]
_center = "+10000000000"


def sendTextMsg(phoneNumber, msg, codeMode):
    return 0 if msg and len(phoneNumber) <= 20 and codeMode in ("GSM", "UCS2") else -1


def sendPduMsg(phoneNumber, msg, codeMode):
    return sendTextMsg(phoneNumber, msg, codeMode)


def deleteMsg(index, delmode=0):
    return 0 if delmode == 4 else -1


def setSaveLoc(mem1, mem2, mem3):
    global _places
    if any(place not in _PLACES for place in (mem1, mem2, mem3)):
        return -1
    _places = [mem1, mem2, mem3]
    return 0


def getSaveLoc():
    return tuple([place, 0, _MOST] for place in _places)


def getMsgNums():
    return 0


def searchPduMsg(index):
    return -1


def searchTextMsg(index):
    return -1


def getPduLength(pduMsg):
    return -1


def decodePdu(pduMsg, pduLen):
    return -1


def getCenterAddr():
    return _center


def setCenterAddr(addr):
    global _center
    _center = addr
    return 0


def setCallback(usrFun):
    return 0
