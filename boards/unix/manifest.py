# What the firmware holds as frozen bytecode: asyncio, the QuecPython-style modules, what is used of micropython-lib
# (FROZEN_LIB names its folder) and, where FROZEN_APP names a folder, the application in it (`micropython -m main` runs its
# main.py).
import os

include("$(MPY_DIR)/extmod/asyncio")
freeze("../../micropython/modules")
freeze(os.environ["FROZEN_LIB"])

app = os.environ.get("FROZEN_APP")
if app:
    freeze(app)
