# QuecPython's cellLocator: its service knows where the simulated receiver of quecgnss starts.

_PLACE = (121.516667, 31.15, 550)  # longitude, latitude, metres
_TOKEN = 16


def getLocation(serverAddr, port, token, timeout=300, profileIdx=1):
    if len(serverAddr) > 255:
        return 2
    if len(token) != _TOKEN:
        return 3
    if not 1 <= timeout <= 300:
        return 4
    return _PLACE
