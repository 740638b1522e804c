"""The firmware as a process, with a script, beside a small Center: what the tests and the benchmark of callbacks share."""

import os
import signal
import subprocess
import threading

import center

FIRMWARE = os.environ.get("FIRMWARE", "build/unix/micropython")

# Every script begins with it: callbacks print what they get, and `start()` connects.
PRELUDE = """
import Qth, time, sys, gc

def print(*values):
    # A line in one piece: callbacks have a thread of their own.
    sys.stdout.write(" ".join(str(value) for value in values) + "\\n")

def callback(name):
    def show(*args):
        print(name, *args)
    return show

names = ("devEvent", "recvTrans", "recvTsl", "readTsl", "readTslServer")

def start(**callbacks):
    ota = {name: callback(name) for name in ("otaPlan", "fotaResult")}
    events = {name: callback(name) for name in names}
    for name, function in callbacks.items():
        (ota if name in ota else events)[name] = function
    events["ota"] = ota
    Qth.init()
    Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
    Qth.setEventCb(events)
    return Qth.start()
"""


def environment(**more):
    """The environment of a firmware: nothing of the machine's own QTH settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QTH_")}
    return dict(kept, **more)


class Board:
    """A firmware that runs `script` after the prelude, and its Center, which listens at the address `host`."""

    def __init__(self, script, *options, host="127.0.0.1", **more):
        self.center = center.Center(host)
        self.process = subprocess.Popen(
            [FIRMWARE, *options, "-c", PRELUDE + script],
            env=environment(QTH_SERVER=self.center.address, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # What it prints must not fill the pipe while nobody reads, nor keep a test waiting for ever.
        self.watchdog = threading.Timer(30, self.process.kill)
        self.watchdog.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.watchdog.cancel()
        self.process.kill()
        self.process.stdout.close()
        self.process.wait()
        self.center.close()

    def line(self):
        """The next line that it prints; '' when it has ended."""
        return self.process.stdout.readline().rstrip("\n")

    def lines_until(self, last):
        """The lines up to this one, which is among them."""
        lines = []
        while not lines or lines[-1] != last:
            line = self.process.stdout.readline()
            if not line:
                status = self.process.wait()
                raise AssertionError(f"the firmware ended ({status}) without printing {last!r}: {lines!r}")
            lines.append(line.rstrip("\n"))
        return lines

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
