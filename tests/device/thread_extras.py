# Threads are asked for, awaited and stopped, whatever they do; semaphores count.
import _thread
import select
import socket
import time

from support.wait import wait_for


def loop():
    while True:
        pass


def sleep():
    time.sleep(1000)


def receive():
    listener = socket.socket()
    listener.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
    listener.listen(1)
    try:
        listener.accept()
    finally:
        listener.close()


def poll():
    select.poll().poll(1000000)


def acquire():
    _thread.allocate_semphore(0).acquire()


def stubborn():
    while True:
        try:
            time.sleep_ms(1)
        except:  # noqa: E722
            pass


for run in (loop, sleep, receive, poll, acquire, stubborn):
    _thread.stack_size(2048)
    thread = _thread.start_new_thread(run, ())
    print(run.__name__, _thread.threadIsRunning(thread), _thread.stop_thread(thread), _thread.threadIsRunning(thread))
    _thread.join(thread)
    print(_thread.stop_thread(thread))

# A `with` lets go of its lock.
lock = _thread.allocate_lock()


def hold():
    with lock:
        time.sleep(1000)


thread = _thread.start_new_thread(hold, ())
print("held", wait_for(lock.locked))
_thread.stop_thread(thread)
print("free", wait_for(lambda: not lock.locked()))

# One that waits for a lock is no longer there for others; it ends when it gets the lock.
lock.acquire()
thread = _thread.start_new_thread(hold, ())
time.sleep_ms(5)
_thread.stop_thread(thread)
print(_thread.threadIsRunning(thread))
lock.release()
print("free", wait_for(lambda: not lock.locked()))

# A thread ends itself, and is awaited.
done = []


def ends():
    done.append(1)
    _thread.stop_thread(0)
    done.append(2)


_thread.join(_thread.start_new_thread(ends, ()))
print(done)

for function, argument in (
    (_thread.stop_thread, 0),
    (_thread.stop_thread, _thread.get_ident()),
    (_thread.join, _thread.get_ident()),
):
    try:
        function(argument)
    except ValueError as error:
        print(error)
for argument in (None, "1"):
    try:
        _thread.threadIsRunning(argument)
    except TypeError:
        print("TypeError")
print(_thread.threadIsRunning(12345), _thread.stop_thread(12345))

two = _thread.allocate_semphore(2)
print(two.getCnt(), two.acquire(), two.acquire(), two.acquire(False), two.getCnt())
print(two.release(), two.release(), two.release(), two.getCnt())
print(_thread.delete_semphore(two), _thread.delete_lock(lock), _thread.get_heap_size() > 0)

# It wakes whoever waits for it.
order = []
ready = _thread.allocate_semaphore(0)


def consumer():
    ready.acquire()
    order.append("consumed")


thread = _thread.start_new_thread(consumer, ())
time.sleep_ms(5)
order.append("produced")
ready.release()
_thread.join(thread)
print(order)
