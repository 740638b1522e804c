# A tracker: satellites, cells where there are none, a button that reports at once, a watchdog.
import _thread
from queue import Queue

import Qth
import utime

import cellLocator
import checkNet
import dataCall
import log
import modem
import net
import pm
import quecgnss
import sim
from machine import WDT, ExtInt, Pin
from misc import Power

log.basicConfig(level=log.INFO)
logger = log.getLogger("tracker")
reports = Queue()
led = Pin(Pin.GPIO1, Pin.OUT, Pin.PULL_DISABLE, 0)


def nmea_place():
    if quecgnss.get_state() != 2:
        quecgnss.init()
    length, data = quecgnss.read(4096)
    sentences = [line for line in data.decode().split("\r\n") if line]
    kinds = sorted(line[3:6] for line in sentences)
    fix = [line for line in sentences if line.startswith("$GNGGA") and line.split(",")[6] != "0"]
    logger.info("sentences %s", " ".join(kinds))
    return fix[0] if fix else None


def cell_place():
    cell = net.getCellInfo()[2][0]
    place = cellLocator.getLocation("www.queclocator.com", 80, "1111111122222222", 8)
    logger.info("cells say %s", place)
    return "$LBS,%d,%d,%d,%d,%d,0*00" % (cell[2], cell[3], cell[5], cell[1], cell[7])


def report():
    while True:
        reason = reports.get()
        led.write(1)
        sent = [bool(Qth.sendOutsideLocation(place)) for place in (nmea_place(), cell_place())]
        Qth.sendTsl(1, {1: reason, 2: net.csqQueryPoll(), 3: Power.getVbatt()})
        print("reported:", reason, sent)
        led.write(0)
        watchdog.feed()


def device_event(event, result):
    logger.info("devEvent %d %d", event, result)
    if (event, result) == (2, 0):
        reports.put("online")


stage, state = checkNet.waitNetworkReady(30)
print("network:", stage, state, sim.getStatus(), dataCall.getInfo(1, 0)[2][0], modem.getDevImei())
pm.autosleep(1)
watchdog = WDT(60)
button = ExtInt(ExtInt.GPIO44, ExtInt.IRQ_RISING, ExtInt.PULL_PD, lambda edge: reports.put("button"))
button.enable()
_thread.start_new_thread(report, ())
Qth.init()
Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
Qth.setEventCb({"devEvent": device_event})
Qth.start()
while True:
    utime.sleep(1)
