# QuecPython's sim: a card that is in and ready.


def getStatus():
    return 1


def getImsi():
    return "001010000000001"


def getIccid():
    return "89001010000000000018"


def getPhoneNumber():
    return -1


def getCurSimid():
    return 0


def setCallback(callback):
    return 0
