# What the firmware holds as frozen bytecode: asyncio, the QuecPython-style modules and, where FROZEN_APP names a
# folder, the application in it (`micropython -m main` runs its main.py).
import os

include("$(MPY_DIR)/extmod/asyncio")
freeze("../../micropython/modules")

app = os.environ.get("FROZEN_APP")
if app:
    freeze(app)
