# Before init() nothing is sent or asked for, what is set is kept, and nothing raises but a wrong type.
import Qth


def nothing(*args):
    pass


print(Qth.start(), Qth.stop(), Qth.state(), Qth.reset())
print(Qth.sendTrans(0, "x"), Qth.sendTsl(0, {1: 1}), Qth.ackTsl(0, {1: 1}, 1), Qth.ackTslServer(0, 1, {1: 1}, 1))
print(
    Qth.sendOutsideLocation("$GNGGA,"),
    Qth.sendDevInfo([1]),
    Qth.sendDevStatus([1]),
    Qth.ackDevInfo([1], 1),
    Qth.ackDevStatus([1], 1),
)
print(Qth.getDevInfo([1]), Qth.getDevStatus([1]))
print(Qth.otaRequest(), Qth.otaAction(1), Qth.mcuFWDataRead(0, 1))
print(Qth.getBsEt(), Qth.getSessionFlag(), repr(Qth.getOtaKey()))
try:
    Qth.setServer(1)
except TypeError as error:
    print(error)

print(Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL"), Qth.setServer("mqtt://127.0.0.1"), Qth.setLifetime(120))
print(Qth.setDK("860123000000009"), Qth.setVer("1.2.3"), Qth.setEventCb({}), Qth.setApn("", "", ""))
print(Qth.setMcuVer("MCU", "1", nothing, nothing), Qth.setBsEt("tcp"), Qth.setSessionFlag(True))
print(Qth.init(), Qth.getDevInfo([2, 3]), Qth.getSessionFlag())
