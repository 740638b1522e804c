# The module under the names that the vendor's SDK gives it.
import Qth

NAMES = ("Qth", "qth_init", "qth_config", "qth_bus", "qth_ota")
for package in ("", "usr.", "usr.libs.qth."):
    for name in NAMES if package else NAMES[1:]:
        scope = {}
        exec("import %s%s as it" % (package, name), scope)
        if package:
            exec("from %s import %s as same" % (package[:-1], name), scope)
        print(package + name, scope["it"] is Qth, scope.get("same", Qth) is Qth)

import usr.libs.qth.qth_config
from usr.libs.qth.qth_init import init

print(usr.libs.qth.qth_config.setServer is Qth.setServer, init is Qth.init)
try:
    import usr.other
except ImportError:
    print("ImportError")
