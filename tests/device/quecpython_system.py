# Clock, timers, queues, the bus of messages, wakelocks, and names that are absent.
import _thread
import queue
import time

import uio
import ujson
import utime
from support.wait import wait_for

import ntptime
import pm
import sys_bus
import uzlib
from machine import RTC, Timer

print(utime.getTimeZone(), utime.setTimeZone(13), utime.setTimeZone(8), utime.getTimeZone())
print(utime.localtime(0), utime.mktime((2024, 2, 29, 23, 59, 58, 3, 60)), utime.sleep_ms(1))
print(all(utime.mktime(utime.localtime(day * 86400 + 3601)) == day * 86400 + 3601 for day in range(0, 47000, 97)))
rtc = RTC()
print(rtc.datetime((2030, 1, 6, 0, 3, 4, 5, 0)), rtc.datetime()[:4], utime.localtime()[:3])
rang = []
print(rtc.enable_alarm(1), rtc.register_callback(rang.append), rtc.set_alarm((2030, 1, 6, 0, 3, 4, 5, 0)), rtc.enable_alarm(1))
print("rang", wait_for(lambda: rang))
print(
    ntptime.sethost("pool.ntp.org"), ntptime.host, ntptime.settime(-3), utime.getTimeZone(), abs(utime.time() - time.time()) < 2
)

ticks = []
timer = Timer(Timer.Timer1)
print(timer.start(period=5, mode=timer.PERIODIC, callback=ticks.append), wait_for(lambda: len(ticks) > 2), ticks[0] is timer)
print(timer.stop(), timer.stop())

jobs = queue.Queue(2)
print(jobs.empty(), jobs.put(1), jobs.put(), jobs.put(3), jobs.size(), jobs.get(), jobs.get(), jobs.empty())
got = []
consumer = _thread.start_new_thread(lambda: got.append(jobs.get()), ())
jobs.put("job")
_thread.join(consumer)
print(got)

heard = []


def hear(topic, message):
    heard.append((topic, message, _thread.get_ident() != main))


main = _thread.get_ident()
sys_bus.subscribe("state", hear)
sys_bus.subscribe("state", hear)
sys_bus.publish("state", 1)
print(wait_for(lambda: heard), heard)
sys_bus.publish_sync("state", 2)
print(heard[1], list(sys_bus.sub_table()), len(sys_bus.sub_table("state")))
print(sys_bus.unsubscribe("state", print), sys_bus.unsubscribe("state", hear), sys_bus.unsubscribe("state"), sys_bus.sub_table())

lock = pm.create_wakelock("lock", 4)
print(pm.wakelock_unlock(lock), pm.wakelock_lock(lock), pm.wakelock_unlock(lock), pm.get_wakelock_num(), pm.delete_wakelock(lock))
print(pm.wakelock_lock(lock), pm.delete_wakelock(lock), pm.get_wakelock_num(), pm.autosleep(1))
print(pm.set_psm_time(1, 2, 3, 4), pm.get_psm_time(), pm.set_psm_time(0), pm.get_psm_time(), pm.set_psm_time())

TEXT = '{"a": {"type" : "in", "n": [1, {"x": "]}"}]}, "kind": "type", "said": "she said \\"no\\", left", "n" :-1 , "t":true}'
for key in ("type", "n", "a", "kind", "said", "t", "x", "none"):
    start, end = ujson.search(TEXT, key)
    print(key, TEXT[start:end])
print(ujson.search(TEXT, "none"), ujson.search('{"cut": "sho', "cut"), ujson.loads("[1]"), ujson.dumps({"a": 1}))

print("text".decode(), "täxt".decode("utf-8"), b"bytes".decode(), ujson.search(TEXT.decode(), "t"))

PACKED = {
    0: b"x\x9cKLJN$\x17\x01\x00\xbc\xbe\x16\xf9",
    31: b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03KLJN$\x17\x01\x00-\xfa\x91\xe1<\x00\x00\x00",
    -15: b"KLJN$\x17\x01\x00",
}
print(
    [uzlib.decompress(PACKED[form], form) == b"abc" * 20 for form in PACKED], uzlib.DecompIO(uio.BytesIO(PACKED[31]), 31).read(4)
)

stream = uio.StringIO()
uio.TextIOWrapper(stream).write("text")
print(stream.getvalue())

for statement in (
    "import lvgl",
    "from lvgl import img",
    "import usr.lvgl",
    "import no_such_module",
    "import net; net.setBand(1)",
    "from net import setBand",
    "from net import no_such_name",
    "from machine import LCD",
    "import net; print(hasattr(net, 'setBand'), hasattr(net, 'getState'))",
):
    try:
        exec(statement)
    except (ImportError, AttributeError) as error:
        print(type(error).__name__, error)
