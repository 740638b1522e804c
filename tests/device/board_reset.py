# A reset ends the firmware with status 250, by which the power switch knows to start it again; powering down ends it with 0.
import os
import sys


def status(script):
    return os.system("%s -c '%s; print(\"still running\")'" % (sys.executable, script)) >> 8


print(status("import machine; machine.reset()"))
print(status("from misc import Power; Power.powerRestart()"))
print(status("from misc import Power; Power.powerDown()"))
print(status("import osTimer, machine, time; osTimer().start(1, 0, lambda _: machine.reset()); time.sleep(10)"))
