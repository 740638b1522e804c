"""Events of the Center reach the script's callbacks: with the right values, in order, and whatever else goes on."""

import os
import pty
import signal
import threading
import time
import unittest

from board import FIRMWARE, PRELUDE, Board, environment
from center import (
    EXCEPTION,
    FILE,
    INFO_READ_REPLY,
    PLAN,
    SERVICE_CALL,
    SERVICE_REPLY,
    STATUS,
    STATUS_READ_REPLY,
    TRANSPARENT_DOWN,
    TRANSPARENT_UP,
    TSL_READ,
    TSL_READ_REPLY,
    TSL_REPORT,
    TSL_WRITE,
    Center,
    items,
    number,
    text,
    true,
)

ONE_PLAN = text(4, "QTH-UNIX") + text(5, "1.0.0") + text(6, "1.1.0") + number(7, 0) + number(8, 30) + number(10, -113)
ONLINE = "devEvent 2 0"


class Values(unittest.TestCase):
    def test_transparent_data_arrives_as_bytes(self):
        with Board("start()") as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"\xaa\x55\xaa\x00")
            self.assertEqual(board.line(), r"recvTrans b'\xaaU\xaa\x00'")

    def test_tsl_data_arrives_as_a_dict_of_python_values(self):
        with Board("start(recvTsl=lambda value: print(sorted(value.items())))") as board:
            board.lines_until(ONLINE)
            members = true(1) + number(2, -7) + text(3, "abc") + text(4, b"\xff")
            board.center.send(TSL_WRITE, members + items(5, number(1, 2)) + items(6, number(0, 2), true(0)))
            self.assertEqual(board.line(), r"[(1, True), (2, -7), (3, 'abc'), (4, b'\xff'), (5, {1: 2}), (6, [2, True])]")

    def test_reads_and_services_are_answered_from_the_callback(self):
        script = """
def read(ids, package): print(ids, Qth.ackTsl(1, {1: 5}, package))
def serve(service, value, package): print(service, value, Qth.ackTslServer(1, service, {1: True}, package))
start(readTsl=read, readTslServer=serve)
"""
        with Board(script) as board:
            board.lines_until(ONLINE)
            package = board.center.send(TSL_READ, b"\0\1\0\2")
            self.assertEqual(board.line(), "[1, 2] True")
            self.assertEqual(board.center.expect(TSL_READ_REPLY), (package, number(1, 5)))
            package = board.center.send(SERVICE_CALL, items(9, number(1, 2)))
            self.assertEqual(board.line(), "9 {1: 2} True")
            self.assertEqual(board.center.expect(SERVICE_REPLY), (package, items(9, true(1))))

    def test_reads_of_information_and_status_can_be_answered_by_the_script(self):
        answer = "lambda data: print(Qth.ackDevInfo([5], 77), Qth.ackDevStatus(pkgId=78, ids=[1]))"
        with Board(f"start(recvTrans={answer})") as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"x")
            self.assertEqual(board.line(), "True True")
            self.assertEqual(board.center.expect(INFO_READ_REPLY)[0], 77)
            package, status = board.center.expect(STATUS_READ_REPLY)
            self.assertEqual((package, status), (78, number(1, 87)))

    def test_a_plan_arrives_as_a_list_of_tuples_and_can_be_refused(self):
        with Board("start(otaPlan=lambda plans: print(plans, Qth.otaAction(0), Qth.otaAction(0)))") as board:
            board.lines_until(ONLINE)
            board.center.send(PLAN, ONE_PLAN)
            self.assertEqual(board.line(), "[(0, 'QTH-UNIX', '1.0.0', '1.1.0', 30, 0, -113)] True False")
            self.assertIn(number(13, 1), board.center.expect(STATUS)[1])
            self.assertIn(number(13, 3), board.center.expect(STATUS)[1])

    def test_a_package_for_an_mcu_is_told_with_its_size_where_the_callback_takes_six_arguments(self):
        plan = text(4, "MCU") + text(5, "1") + text(6, "2") + number(7, 1)
        file = text(1, "http://a/f") + number(2, 9) + text(3, "0" * 32) + text(4, "MCU") + text(6, "2") + number(7, 1)
        for callback, told in (
            ("lambda comp, version, url, md5, crc: print(comp, version, url, md5, crc)", "MCU 2 http://a/f %s 01020304"),
            ("lambda c, version, url, size, md5, crc: print(c, version, url, size, md5, crc)", "MCU 2 http://a/f 9 %s 01020304"),
            ("lambda *args: print(*args)", "MCU 2 http://a/f 9 %s 01020304"),
        ):
            script = f"""
Qth.init()
Qth.setMcuVer("MCU", "1", {callback}, callback("result"))
start(otaPlan=lambda plans: Qth.otaAction(1))
"""
            with self.subTest(callback), Board(script) as board:
                board.lines_until(ONLINE)
                board.center.send(PLAN, plan)
                self.assertIn(number(13, 1), board.center.expect(STATUS)[1])
                self.assertIn(number(13, 2), board.center.expect(STATUS)[1])
                board.center.send(FILE, file + text(15, "01020304"))
                self.assertEqual(board.line(), told % ("0" * 32))

    def test_data_as_long_as_a_packet_arrives_whole(self):
        transparent = "recvTrans=lambda value: print(len(value), set(value))"
        with Board(f"start({transparent}, recvTsl=lambda value: print(len(value[1])))") as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"x" * 2000)
            self.assertEqual(board.line(), "2000 {120}")
            board.center.send(TSL_WRITE, text(1, "x" * 1990))
            self.assertEqual(board.line(), "1990")

    def test_data_longer_than_a_packet_is_refused_and_the_connection_stays(self):
        with Board("start()") as board:
            board.lines_until(ONLINE)
            for qos in (0, 1, 2):
                package = board.center.send(TRANSPARENT_DOWN, b"x" * 3000, qos=qos)
                self.assertEqual(board.center.expect(EXCEPTION)[1], number(1, 2) + number(2, package))
                board.center.send(TRANSPARENT_DOWN, b"next")
                self.assertEqual(board.line(), "recvTrans b'next'")
            self.assertEqual(board.center.answers, [(4, 1), (5, 2)])  # PUBACK, PUBREC
            self.assertEqual(board.center.connections, 1)

    def test_values_of_every_type_are_reported(self):
        with Board("start(); \nwhile not Qth.state(): pass\nprint(Qth.sendTsl(1, {1: [1, {2: b'x'}], 3: -1}))") as board:
            board.lines_until("True")
            self.assertEqual(
                sorted(board.center.expect(TSL_REPORT)[1]),
                sorted(items(1, number(0, 1), items(0, text(2, "x"))) + number(3, -1)),
            )


class Order(unittest.TestCase):
    def test_events_are_delivered_in_the_order_in_which_they_came(self):
        with Board("start()") as board:
            board.lines_until(ONLINE)
            for count in range(300):
                board.center.send(TRANSPARENT_DOWN, b"%d" % count)
            self.assertEqual([board.line() for _ in range(300)], [f"recvTrans b'{count}'" for count in range(300)])

    def test_a_callback_is_not_called_inside_another_one(self):
        script = """
depth = 0
def slow(value):
    global depth
    depth += 1
    time.sleep(0.1)
    print(value, depth)
    depth -= 1
start(recvTrans=slow)
"""
        with Board(script) as board:
            board.lines_until(ONLINE)
            for value in (b"1", b"2", b"3"):
                board.center.send(TRANSPARENT_DOWN, value)
            self.assertEqual([board.line() for _ in range(3)], ["b'1' 1", "b'2' 1", "b'3' 1"])

    def test_an_exception_is_printed_and_the_next_event_delivered(self):
        with Board("start(recvTrans=lambda value: 1 / int(value))") as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"0")
            board.lines_until("ZeroDivisionError: divide by zero")
            board.center.send(TSL_WRITE, true(1))
            self.assertEqual(board.line(), "recvTsl {1: True}")

    def test_callbacks_may_be_replaced_from_inside_one(self):
        script = """
def first(value):
    Qth.setEventCb({"recvTrans": lambda value: print("second", value)})
    gc.collect()
    print("first", value)
start(recvTrans=first)
"""
        with Board(script) as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"a")
            board.center.send(TRANSPARENT_DOWN, b"b")
            self.assertEqual([board.line(), board.line()], ["first b'a'", "second b'b'"])


# What the script is at when an event comes. Each says `ready` first, and ends with the event.
SITUATIONS = {
    "busy loop": """
print("ready")
while True: pass
""",
    "time.sleep": """
print("ready")
time.sleep(60)
""",
    "socket recv": """
import socket
listener = socket.socket()
listener.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
listener.listen(1)
print("ready")
listener.accept()
""",
    "asyncio": """
import asyncio
async def main():
    print("ready")
    await asyncio.sleep(60)
asyncio.run(main())
""",
    "end of the script": """
print("ready")
""",
}


class Situations(unittest.TestCase):
    def test_an_event_is_delivered_whatever_the_script_is_at(self):
        for name, script in SITUATIONS.items():
            with self.subTest(name), Board("start()\nwhile not Qth.state(): time.sleep_ms(5)\n" + script) as board:
                board.lines_until("ready")
                board.center.send(TRANSPARENT_DOWN, b"x")
                board.lines_until("recvTrans b'x'")

    def test_an_event_is_delivered_at_the_prompt(self):
        center = Center()
        process, terminal = pty.fork()
        if process == 0:
            os.execve(FIRMWARE, [FIRMWARE, "-i", "-c", PRELUDE + "start()"], environment(QTH_SERVER=center.address))
        # A read fails when nobody has the terminal any more.
        watchdog = threading.Timer(30, os.kill, (process, signal.SIGKILL))
        watchdog.start()
        try:
            self.assertTrue(center.online.wait(10))
            center.send(TRANSPARENT_DOWN, b"x")
            seen = b""
            # What is typed before the prompt is there is lost.
            while b"recvTrans b'x'" not in seen or b">>> " not in seen:
                seen += os.read(terminal, 1024)
            os.write(terminal, b"print(6 * 7)\r")
            while b"\n42" not in seen:
                seen += os.read(terminal, 1024)
        finally:
            watchdog.cancel()
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(terminal)
            center.close()

    def test_nothing_is_lost_while_python_objects_are_scarce(self):
        script = """
count = 0
def keep(value):
    global count
    count += 1
    junk = [value, {count: value}, str(value)]
    gc.collect()
start(recvTrans=keep)
while count < 200:
    junk = [bytearray(100) for _ in range(50)]
    gc.collect()
print("all")
"""
        with Board(script, "-X", "heapsize=64k") as board:
            board.center.online.wait(10)
            for _ in range(200):
                board.center.send(TRANSPARENT_DOWN, b"\xaa" * 100)
            board.lines_until("all")

    def test_several_threads_may_call_at_once_while_events_come(self):
        script = """
import _thread
left = 4
received = 0
lock = _thread.allocate_lock()
def count(value):
    global received
    received += 1
def work():
    global left
    for count in range(200):
        Qth.getDevInfo([1, 2, 3])
        Qth.setEventCb({"recvTsl": callback("recvTsl")})
        while not Qth.sendTrans(1, "thread"): time.sleep_ms(1)
    with lock:
        left -= 1
start(recvTrans=count)
while not Qth.state(): time.sleep_ms(5)
for _ in range(4): _thread.start_new_thread(work, ())
while left or received < 400: gc.collect()
print("done")
"""
        with Board(script, "-X", "heapsize=2m") as board:
            board.center.online.wait(10)
            for _ in range(400):
                board.center.send(TRANSPARENT_DOWN, b"x")
            board.lines_until("done")
            for _ in range(800):
                self.assertEqual(board.center.expect(TRANSPARENT_UP)[1], b"thread")


class NoCallback(unittest.TestCase):
    def test_none_takes_a_callback_away(self):
        script = """
start()
while not Qth.state(): time.sleep_ms(1)
print(Qth.setEventCb({"recvTrans": None}))
"""
        with Board(script) as board:
            board.lines_until("True")
            board.center.send(TRANSPARENT_DOWN, b"x")
            board.center.send(TSL_WRITE, items(1, number(2, 3)))
            self.assertFalse([line for line in board.lines_until("recvTsl {1: {2: 3}}") if "recvTrans" in line])

    def test_ids_may_be_text_as_json_has_them(self):
        script = """
import json
start()
while not Qth.state(): time.sleep_ms(1)
print(Qth.sendTsl(1, json.loads('{"1": {"2": 3}}')), Qth.sendTsl(1, {}))
"""
        with Board(script) as board:
            board.lines_until("True True")
            self.assertEqual(board.center.expect(TSL_REPORT)[1], items(1, number(2, 3)))


class Threads(unittest.TestCase):
    """Callbacks have a thread of their own."""

    def test_a_callback_may_want_a_lock_that_the_script_holds(self):
        script = """
import _thread
lock = _thread.allocate_lock()
def event(*args):
    with lock: print("event", *args)
start(devEvent=event)
with lock:
    while not Qth.state(): time.sleep_ms(1)
    time.sleep(0.05)
    print("let go")
"""
        with Board(script) as board:
            self.assertEqual(board.lines_until("event 2 0"), ["let go", "event 2 0"])

    def test_a_script_may_wait_for_a_lock_that_a_callback_releases(self):
        script = """
import _thread
lock = _thread.allocate_lock()
lock.acquire()
start(devEvent=lambda *args: lock.release())
lock.acquire()
print("released")
"""
        with Board(script) as board:
            board.lines_until("released")

    def test_a_timer_may_release_a_lock_that_the_script_waits_for(self):
        script = """
import _thread, osTimer
lock = _thread.allocate_lock()
lock.acquire()
timer = osTimer()
timer.start(20, 0, lambda arg: lock.release())
lock.acquire()
print("released")
"""
        with Board(script) as board:
            board.lines_until("released")

    def test_a_callback_has_room_for_deep_calls(self):
        script = """
def deep(level):
    return level if level == 0 else 1 + deep(level - 1)
start(devEvent=lambda *args: print("depth", deep(100)))
"""
        with Board(script) as board:
            board.lines_until("depth 100")

    def test_a_script_whose_main_part_has_ended_lives_as_long_as_its_threads(self):
        script = """
import _thread
def run():
    time.sleep(0.2)
    start()
_thread.stack_size(2048)
_thread.start_new_thread(run, ())
"""
        with Board(script) as board:
            board.lines_until(ONLINE)

    def test_a_script_ends_with_its_last_thread(self):
        script = """
import _thread
def run():
    time.sleep(0.1)
    print("over")
_thread.start_new_thread(run, ())
"""
        with Board(script) as board:
            self.assertEqual(board.process.wait(20), 0)
            self.assertEqual(board.line(), "over")

    def test_events_come_beside_busy_threads(self):
        script = """
import _thread
received = 0
def busy():
    while received < 50: pass
def count(value):
    global received
    received += 1
for _ in range(8): _thread.start_new_thread(busy, ())
start(recvTrans=count)
busy()
print("all")
"""
        with Board(script) as board:
            board.center.online.wait(10)
            for _ in range(50):
                board.center.send(TRANSPARENT_DOWN, b"x")
            board.lines_until("all")

    def test_a_thread_sleeps_no_longer_because_others_collect(self):
        script = """
import _thread
def sleep():
    before = time.ticks_ms()
    time.sleep(0.3)
    print("slept", time.ticks_diff(time.ticks_ms(), before) < 20_000)
_thread.start_new_thread(sleep, ())
end = time.ticks_add(time.ticks_ms(), 1000)
while time.ticks_diff(end, time.ticks_ms()) > 0: gc.collect()
"""
        with Board(script) as board:
            board.lines_until("slept True")

    def test_ctrl_c_ends_a_script_that_has_busy_threads(self):
        script = """
import _thread
def busy():
    while True: pass
_thread.start_new_thread(busy, ())
print("busy")
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""
        with Board(script) as board:
            board.lines_until("busy")
            board.interrupt()
            board.lines_until("interrupted")
            board.process.wait(10)


class Life(unittest.TestCase):
    def test_stop_and_start_work_again_and_again(self):
        script = """
for _ in range(10):
    Qth.init()
    start()
    while not Qth.state(): time.sleep_ms(2)
    Qth.stop()
    print(Qth.state())
"""
        with Board(script) as board:
            board.process.wait(20)
            self.assertEqual(board.process.stdout.read().count("False\n"), 10)
            self.assertEqual(board.center.connections, 10)

    def test_a_center_may_have_an_ipv6_address(self):
        with Board("start()", host="::1") as board:
            board.lines_until(ONLINE)

    def test_a_lost_connection_comes_back(self):
        with Board("start()") as board:
            board.lines_until(ONLINE)
            board.center.drop()
            self.assertEqual(board.line(), "devEvent 1 -17921")
            self.assertEqual(board.line(), ONLINE)

    def test_a_script_that_died_leaves_the_device_running(self):
        with Board("start()\nraise ValueError('over')") as board:
            board.lines_until("ValueError: over")
            board.center.online.wait(10)
            board.center.send(TRANSPARENT_DOWN, b"x")
            board.lines_until("recvTrans b'x'")
            self.assertIsNone(board.process.poll())

    def test_ctrl_c_ends_a_device_without_its_script_and_says_goodbye(self):
        with Board("start()") as board:
            board.lines_until(ONLINE)
            time.sleep(0.1)  # the script has ended by then; if not, the test sees the same
            board.interrupt()
            board.process.wait(10)
            self.assertTrue(board.center.left.wait(10))

    def test_ctrl_c_ends_a_script_in_the_middle_of_a_callback(self):
        script = """
def hang(value):
    print("hanging")
    while True: pass
start(recvTrans=hang)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""
        with Board(script) as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"x")
            board.lines_until("hanging")
            board.interrupt()
            board.lines_until("interrupted")
            self.assertEqual(board.process.wait(10), 0)

    def test_a_callback_may_stop_the_device_and_so_end_the_process(self):
        with Board("start(recvTrans=lambda value: Qth.stop())") as board:
            board.lines_until(ONLINE)
            board.center.send(TRANSPARENT_DOWN, b"x")
            self.assertEqual(board.process.wait(10), 0)
            self.assertTrue(board.center.left.wait(10))


if __name__ == "__main__":
    unittest.main()
