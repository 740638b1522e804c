# What the board simulates, from the environment: read at each call, so that a script can change it by os.putenv. The
# defaults are those of src/port/unix/board.rs, from which Qth reports.
import os

import _firmware


def imei():
    return os.getenv("QTH_DK") or "860123000000009"


def version():
    return os.getenv("QTH_VERSION") or _firmware.VERSION


def usr():
    return os.getenv("QTH_USR") or "usr"


def millivolts():
    return 3808


def signal():  # dBm
    return int(os.getenv("QTH_SIGNAL") or -71)
