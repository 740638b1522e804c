# The main loop logs without a pause while callbacks log too.
import _thread

from usr import Qth
from usr.libs.logging import getLogger

log = getLogger("main")
received = 0


def received_trans(data):
    global received
    received += 1
    getLogger("callback").info("recvTrans", data)


def device_event(event, result):
    getLogger("callback").info("devEvent", event, result)


def chatter(number):
    while received < 5:
        getLogger("thread %d" % number).info("still here")


Qth.init()
Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
Qth.setEventCb({"devEvent": device_event, "recvTrans": received_trans})
Qth.start()
for number in range(2):
    _thread.stack_size(4096)
    _thread.start_new_thread(chatter, (number,))
lines = 0
while received < 5:
    log.info("line", lines)
    lines += 1
    if lines % 1000 == 0:
        Qth.sendTrans(0, "line %d" % lines)
log.info("received all")
