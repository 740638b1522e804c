# QuecPython's sim: a card that is in and ready.
import _board

_READY = 1
_detection = (0, 0)
_phone_book = {}


def getStatus():
    return _READY


def getImsi():
    return "001010000000001"


def getIccid():
    return "89001010000000000018"


def getPhoneNumber():
    return -1


def getCurSimid():
    return 0


def switchCard(simId):
    return -1  # the other one is not there


def setCallback(usrFun):
    return 0


def setSwitchcardCallback(usrFun):
    return 0


def setSimDet(switch, triggerLevel):
    global _detection
    _detection = (switch, triggerLevel)
    return 0


def getSimDet():
    return _detection


# The card asks for no PIN.


def enablePin(pin):
    return -1


def disablePin(pin):
    return 0


def verifyPin(pin):
    return 0


def changePin(oldPin, newPin):
    return -1


def unblockPin(puk, newPin):
    return -1


def writePhonebook(storage, index, username, number):
    _phone_book[index] = (index, username, number)
    return 0


def readPhonebook(storage, start, end, username):
    if start:
        found = [_phone_book[index] for index in range(start, end + 1) if index in _phone_book]
    else:
        found = [entry for _, entry in sorted(_phone_book.items()) if entry[1].startswith(username)]
    return (len(found), found) if found else -1


class vsim:
    """No virtual card is there, so that scripts take the one that is."""

    @staticmethod
    def enable():
        return -1

    @staticmethod
    def disable():
        return 0

    @staticmethod
    def queryState():
        return 0


_ABSENT = {"genericAccess": "its card takes no commands"}
__getattr__ = _board.absent(__name__, _ABSENT)
