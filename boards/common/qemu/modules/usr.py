# The package `usr`, where an application and the vendor's SDK lie on a device: it has the built-in module under all names of the
# SDK. An application that has a package of this name brings its own.
import sys

import Qth

for _package in ("usr", "usr.libs", "usr.libs.qth"):
    sys.modules[_package] = sys.modules["usr"]
    for _name in ("Qth", "qth_init", "qth_config", "qth_bus", "qth_ota"):
        sys.modules[_package + "." + _name] = Qth
        globals()[_name] = Qth
libs = qth = sys.modules["usr"]
