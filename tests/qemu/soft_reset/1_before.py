# Leaves behind an event that nobody has taken, and a callback.
import Qth

Qth.init()
Qth.setEventCb({"devEvent": lambda *event: print("before", *event)})
print(Qth.start())  # without a product, which is told as an event
