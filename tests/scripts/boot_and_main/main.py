# Reads what boot.py has left, and restarts once.
import sys

import Qth
import ujson
import uos

from misc import Power

with open("/usr/data/settings.json") as file:
    starts = ujson.load(file)["starts"]
print("main:", starts, sorted(uos.listdir("/usr")), uos.listdir("/usr/data"), sys.path[-1])
if starts == 1:
    Power.powerRestart()
Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
Qth.init()
Qth.setEventCb({"devEvent": lambda event, result: print("devEvent:", event, result)})
Qth.start()
