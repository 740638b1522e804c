# What the firmware holds as frozen bytecode: where FROZEN_APP names a folder, the application in it.
import os

app = os.environ.get("FROZEN_APP")
if app:
    freeze(app)
