# A tracker: reports where it is, how fast it moves, and takes the interval between two reports from the Center.
#
# TSL: 1 speed in km/h, 2 interval in seconds (may be written).
import _thread

import Qth
import utime

import quecgnss

SPEED, INTERVAL = 1, 2
KNOT = 1.852  # km/h


class QthClient:
    def __init__(self):
        self.on_write = None

    def start(self):
        Qth.init()
        Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
        Qth.setEventCb(
            {
                "devEvent": self.event_cb,
                "recvTrans": self.recv_trans_cb,
                "recvTsl": self.recv_tsl_cb,
                "readTsl": self.read_tsl_cb,
                "readTslServer": self.read_tsl_server_cb,
                "ota": {"otaPlan": self.ota_plan_cb, "fotaResult": self.fota_result_cb},
            }
        )
        return Qth.start()

    def event_cb(self, event, result):
        print("devEvent:", event, result)
        if event == 2 and result == 0:
            Qth.otaRequest()

    def recv_trans_cb(self, value):
        print("recvTrans:", value)

    def recv_tsl_cb(self, value):
        print("recvTsl:", value)
        for id, content in value.items():
            self.on_write(id, content)

    def read_tsl_cb(self, ids, pkg_id):
        print("readTsl:", ids)

    def read_tsl_server_cb(self, server_id, value, pkg_id):
        print("readTslServer:", server_id, value)

    def ota_plan_cb(self, plans):
        print("otaPlan:", plans)
        Qth.otaAction(1)

    def fota_result_cb(self, component, result):
        print("fotaResult:", component, result)


class Tracker:
    def __init__(self, client):
        self.client = client
        client.on_write = self.write
        self.interval = 5.0

    def write(self, id, value):
        if id == INTERVAL and value > 0:
            self.interval = value

    @staticmethod
    def sentence(sentences, name):
        for line in sentences.split("\r\n"):
            if line.startswith(name):
                return line
        return None

    def report(self):
        length, sentences = quecgnss.read(1024)
        if length <= 0 or not Qth.state():
            return
        position = self.sentence(sentences, "$GNGGA")
        if position:
            Qth.sendOutsideLocation(position)
        movement = self.sentence(sentences, "$GNRMC")
        if movement:
            speed = round(float(movement.split(",")[7]) * KNOT, 1)
            Qth.sendTsl(1, {SPEED: speed, INTERVAL: self.interval})

    def run(self):
        while True:
            self.report()
            utime.sleep(self.interval)


if __name__ == "__main__":
    quecgnss.init()
    client = QthClient()
    tracker = Tracker(client)
    client.start()
    _thread.start_new_thread(tracker.run, ())
