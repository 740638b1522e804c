# A client as a class: its callbacks answer, and try again until the module accepts the answer.
import Qth
import utime


class Client:
    def __init__(self, pk, ps):
        self.values = {1: 21.5, 2: "on", 3: True}
        Qth.setProductInfo(pk=pk, ps=ps)
        Qth.setEventCb(
            eventlist={
                "devEvent": self.device_event,
                "recvTrans": None,
                "recvTsl": self.receive,
                "readTsl": self.read,
                "readTslServer": self.call,
                "ota": {"otaPlan": self.plan, "fotaResult": self.result},
            }
        )
        Qth.init()

    def until_true(self, function, *arguments):
        while not function(*arguments):
            utime.sleep_ms(10)

    def device_event(self, event, result):
        print("devEvent:", event, result)
        if (event, result) == (2, 0):
            # The vendor's own example of a sentence, whose checksum is wrong.
            self.until_true(Qth.sendOutsideLocation, "$LBS,460,0,26909,94938126,-79,0*69;")
            self.until_true(Qth.sendTsl, 1, {str(id): value for id, value in self.values.items()})
            self.until_true(Qth.sendTsl, 1, {})
            Qth.otaRequest()

    def receive(self, values):
        print("recvTsl:", values)
        self.values.update(values)

    def read(self, ids, pkgId):
        self.until_true(Qth.ackTsl, 1, {id: self.values[id] for id in ids}, pkgId)
        print("readTsl:", ids)

    def call(self, serverId, value, pkgId):
        self.until_true(Qth.ackTslServer, 1, serverId, {1: "done"}, pkgId)
        print("readTslServer:", serverId, value)

    def plan(self, plans):
        print("otaPlan:", plans)
        Qth.otaAction(otaAction=1)

    def result(self, comp_no, result):
        print("fotaResult:", comp_no, result)


if __name__ == "__main__":
    client = Client("p111xt", "V2VUei9ZVWt2SnpL")
    Qth.start()
