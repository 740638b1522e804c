# setEventCb: each key is checked before any callback is changed.
import gc

import Qth


def nothing(*args):
    pass


Qth.init()
events = dict.fromkeys(("devEvent", "recvTrans", "recvTsl", "readTsl", "readTslServer"), nothing)
print(Qth.setEventCb(dict(events, ota={"otaPlan": nothing, "fotaResult": nothing})))
print(Qth.setEventCb({}), Qth.setEventCb({"ota": {}}), Qth.setEventCb({"ota": {"fotaResult": print}}))

for callbacks in (
    {"otaPlan": nothing},
    {"devEvents": nothing},
    {"ota": {"devEvent": nothing}},
    {"": nothing},
    {1: nothing},
    {"devEvent": None, "ota": {"otaPlan": None}},
    {"ota": None},
    {"devEvent": "print"},
    {"ota": nothing},
    {"ota": {"otaPlan": 1}},
):
    try:
        print(Qth.setEventCb(callbacks))
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)


# A bound method is a callback as well, and outlives its name.
class Device:
    told = False

    def event(self, event, result):
        print("event", event, result)
        Device.told = True


Qth.setEventCb({"devEvent": Device().event})
for _ in range(20):
    gc.collect()
    junk = [bytearray(64) for _ in range(100)]
Qth.start()  # without a product: that is told, too
while not Device.told:
    pass
