# A soft reset later: what waited is gone, and so are the callbacks.
import Qth

print(Qth.state(), Qth.start())
Qth.init()
told = []
Qth.setEventCb({"devEvent": lambda *event: told.append(event)})
for _ in range(50000):
    pass
print(told)
Qth.start()
while not told:
    pass
print(told)
