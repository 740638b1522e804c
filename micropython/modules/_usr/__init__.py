# The package `usr`: the folder /usr, and the built-in Qth under the names that it has in the vendor's SDK, which come before
# files of these names. boards/unix/imports.c loads this when a script first imports from `usr`.
import sys

import Qth

from ql_fs import path_exists

from . import libs as _libs
from . import qth as _qth

__name__ = "usr"
__path__ = "/usr"


def _register():
    sys.modules["usr"] = sys.modules["_usr"]
    if not path_exists(__path__ + "/libs"):
        sys.modules["usr.libs"] = _libs
    _qth.__path__ = __path__ + "/libs/qth"
    sys.modules["usr.libs.qth"] = _qth
    for package, module in (("usr", sys.modules["usr"]), ("usr.libs", _libs), ("usr.libs.qth", _qth)):
        for name in ("Qth", "qth_init", "qth_config", "qth_bus", "qth_ota"):
            sys.modules[package + "." + name] = Qth
            setattr(module, name, Qth)


_register()
if path_exists(__path__ + "/__init__.py"):
    execfile(__path__ + "/__init__.py", globals())
