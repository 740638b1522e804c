# Everything happens in threads with stacks as small as devices have them; the main part ends at once.
import _thread
from queue import Queue

import Qth
import utime

from machine import Timer

values = Queue(10)
connected = _thread.allocate_semphore(1)
connected.acquire()


def device_event(event, result):
    print("devEvent:", event, result)
    if (event, result) == (2, 0):
        connected.release()


def connection():
    utime.sleep_ms(200)
    print("init:", Qth.init())
    Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
    Qth.setEventCb({"devEvent": device_event, "recvTsl": values.put})
    Qth.start()
    connected.acquire()
    while True:
        Qth.sendTsl(1, {"1": utime.ticks_ms() % 1000 < 2000, "2": len(values.get())})


def watchdog(worker):
    timer = Timer(Timer.Timer0)
    timer.start(period=50, mode=Timer.PERIODIC, callback=lambda _: None)
    while _thread.threadIsRunning(worker):
        utime.sleep_ms(20)
    timer.stop()
    print("the worker has ended")


_thread.stack_size(2048)
worker = _thread.start_new_thread(connection, ())
_thread.stack_size(0x1000)
_thread.start_new_thread(watchdog, (worker,))
print("main ends")
