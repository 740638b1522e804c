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


def absent(module, names):
    """A module's __getattr__: `names` are those that it has on a device but not here, each with the reason."""

    def __getattr__(name):
        if name in names:
            known = (module, name, names[name])
            raise AttributeError("'%s.%s' is there on a device; this board does not simulate it: %s" % known)
        raise AttributeError("'%s' has no '%s'" % (module, name))

    return __getattr__
