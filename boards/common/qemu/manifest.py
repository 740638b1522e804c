# What the firmware holds as frozen bytecode: the package usr and, where FROZEN_APP names a folder, the application in it.
import os

app = os.environ.get("FROZEN_APP")
if app:
    freeze(app)
if not app or not any(os.path.exists(app + "/usr" + ending) for ending in ("", ".py")):
    freeze("modules")
