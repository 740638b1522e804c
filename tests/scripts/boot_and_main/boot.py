# What comes first: settings that survive, and a count of starts.
import ql_fs

SETTINGS = "/usr/data/settings.json"

settings = ql_fs.read_json(SETTINGS) or {"starts": 0}
settings["starts"] += 1
ql_fs.touch(SETTINGS, settings)
print("boot: start", settings["starts"])
