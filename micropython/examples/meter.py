# A meter: counts what is used, reports it, and answers what the Center asks. Its Python code is a component that can be upgraded.
#
# TSL: 1 energy in Wh, 2 tariff (may be written), 3 state, a struct of 1 voltage and 2 on or off. Service 10 switches: its input
# 1 is on or off, its answer 1 tells whether it worked.
import osTimer
import Qth
import utime

VERSION = "1.0.0"
ENERGY, TARIFF, STATE = 1, 2, 3
SWITCH = 10
REPORT_MS = 10000
WATTS = 60


class Meter:
    def __init__(self):
        self.on = True
        self.tariff = "day"
        self.energy = 0.0
        self.counted = utime.ticks_ms()
        self.timer = osTimer()

    def count(self):
        now = utime.ticks_ms()
        if self.on:
            self.energy += WATTS * utime.ticks_diff(now, self.counted) / 3600000
        self.counted = now

    def values(self):
        self.count()
        return {ENERGY: round(self.energy, 3), TARIFF: self.tariff, STATE: {1: 230.1, 2: self.on}}

    def start(self):
        Qth.init()
        Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
        Qth.setEventCb(
            {
                "devEvent": self.dev_event,
                "recvTsl": self.recv_tsl,
                "readTsl": self.read_tsl,
                "readTslServer": self.service,
                "ota": {"otaPlan": self.ota_plan, "fotaResult": self.result},
            }
        )
        Qth.setAppVer(VERSION, self.result)
        Qth.start()
        self.timer.start(REPORT_MS, 1, self.report)

    def report(self, _=None):
        # Waits for the connection if there is none; a full queue means that this report is left out.
        Qth.sendTsl(1, self.values())

    def dev_event(self, event, result):
        print("devEvent:", event, result)
        if event == 2 and result == 0:
            Qth.otaRequest()
            self.report()

    def recv_tsl(self, value):
        print("recvTsl:", value)
        if TARIFF in value:
            self.tariff = value[TARIFF]
            self.report()

    def read_tsl(self, ids, package):
        values = self.values()
        Qth.ackTsl(1, {id: values[id] for id in ids or values if id in values}, package)

    def service(self, id, value, package):
        print("service:", id, value)
        if id == SWITCH:
            self.count()
            self.on = bool(value.get(1, self.on))
        Qth.ackTslServer(1, id, {1: id == SWITCH}, package)

    def ota_plan(self, plans):
        print("otaPlan:", plans)
        Qth.otaAction(1)

    def result(self, component, success):
        print("result:", component, success)


if __name__ == "__main__":
    Meter().start()
