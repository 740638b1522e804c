# osTimer fires after its time, again until it is stopped, also while the script sleeps.
import osTimer
import utime


def wait_for(events, count):
    while len(events) < count:
        utime.sleep_ms(5)


once = osTimer()
fired = []
print("start", once.start(10, 0, fired.append))
wait_for(fired, 1)
print("stop what has run out", once.stop())

loop = osTimer()
ticks = []
loop.start(10, 1, ticks.append)
while len(ticks) < 3:
    pass
print("stop", loop.stop(), loop.stop())
count = len(ticks)
utime.sleep_ms(50)
print("silent after stop", len(ticks) == count)
print("fired once", fired)

# An exception in a callback is printed, and the others go on: int(None) is a TypeError.
once.start(10, 0, int)
loop.start(100, 0, fired.append)
wait_for(fired, 2)

# Starting what runs starts it anew: the old callback is gone.
loop.start(10, 0, int)
loop.start(20, 0, fired.append)
wait_for(fired, 3)

try:
    loop.start(10, 0, None)
except TypeError as error:
    print("TypeError", error)
print("bad time", loop.start(0, 0, fired.append))

timers = [osTimer() for _ in range(33)]
started = [timer.start(10000, 0, fired.append) for timer in timers]
print("running at once", started.count(0), started.count(-1))
for timer in timers:
    timer.stop()
