# A port without sockets: the script hears of it, and goes on.
import Qth

told = []

Qth.init()
print(Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL"))
print(Qth.setEventCb({"devEvent": lambda event, result: told.append((event, result))}))
print(Qth.start())
while not told:
    pass
print(told[0], Qth.state())
Qth.stop()
