# Levels of pins and inputs: files in the folder that QTH_PINS names, `44` for GPIO44 and `adc0` for ADC0, which tests and people
# write and read. Without that folder, what the script itself has set.
import os

_own = {}


def _path(name):
    folder = os.getenv("QTH_PINS")
    return folder and folder + "/" + str(name)


def get(name, default=0):
    path = _path(name)
    if not path:
        return _own.get(name, default)
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        # Nobody has set it, or somebody is about to.
        return default


def set(name, value):
    path = _path(name)
    if not path:
        _own[name] = value
        return
    with open(path, "w") as file:
        file.write("%d\n" % value)
