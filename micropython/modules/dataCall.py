# QuecPython's dataCall: a data connection that is up. Its settings are kept until the next restart.
_contexts = {1: (0, "", "", "", 0)}
_up = {1}


def setPDPContext(profileID, ipType, apn, username, password, authType):
    _contexts[profileID] = (ipType, apn, username, password, authType)
    return 0


def getPDPContext(profileID):
    return _contexts.get(profileID, -1)


def setApn(profileID, ipType, apn, username, password, authType, flag=0, simID=0):
    return setPDPContext(profileID, ipType, apn, username, password, authType)


def activate(profileID):
    _up.add(profileID)
    return 0


def deactivate(profileID):
    _up.discard(profileID)
    return 0


def start(profileID, ipType, apn, username, password, authType):
    setPDPContext(profileID, ipType, apn, username, password, authType)
    return activate(profileID)


def setAutoActivate(profileID, enable):
    return 0


def setAutoConnect(profileID, enable):
    return 0


def setDNSServer(profileID, simID, priDNS, secDNS):
    return 0


def setCallback(fun):
    return 0


def getInfo(profileID, ipType):
    up = profileID in _up
    v4 = [1, 0, "127.0.0.1", "127.0.0.1", "0.0.0.0"] if up else [0, 0, "0.0.0.0", "0.0.0.0", "0.0.0.0"]
    v6 = [1, 0, "::1", "::1", "::"] if up else [0, 0, "::", "::", "::"]
    return (profileID, ipType, v4, v6) if ipType == 2 else (profileID, ipType, v6 if ipType else v4)
