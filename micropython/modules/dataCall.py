# QuecPython's dataCall: a data connection that is up. Its settings are kept until the next restart.
_contexts = {1: (0, "", "", "", 0)}
_up = {1}


def setPDPContext(profile, ip_type, apn, user, password, authentication):
    _contexts[profile] = (ip_type, apn, user, password, authentication)
    return 0


def getPDPContext(profile):
    return _contexts.get(profile, -1)


def setApn(profile, ip_type, apn, user, password, authentication, flag=0, sim=0):
    return setPDPContext(profile, ip_type, apn, user, password, authentication)


def activate(profile):
    _up.add(profile)
    return 0


def deactivate(profile):
    _up.discard(profile)
    return 0


def start(profile, ip_type, apn, user, password, authentication):
    setPDPContext(profile, ip_type, apn, user, password, authentication)
    return activate(profile)


def setAutoActivate(profile, enable):
    return 0


def setAutoConnect(profile, enable):
    return 0


def setDNSServer(profile, sim, primary, secondary):
    return 0


def setCallback(callback):
    return 0


def getInfo(profile, ip_type):
    up = profile in _up
    v4 = [1, 0, "127.0.0.1", "127.0.0.1", "0.0.0.0"] if up else [0, 0, "0.0.0.0", "0.0.0.0", "0.0.0.0"]
    v6 = [1, 0, "::1", "::1", "::"] if up else [0, 0, "::", "::", "::"]
    return (profile, ip_type, v4, v6) if ip_type == 2 else (profile, ip_type, v6 if ip_type else v4)
