#!/usr/bin/env python3
"""Shows a device upgrade its own firmware: `make run` builds what it needs and starts it.

A Developer Center and a board on this machine, on free ports of the loopback interface, in a temporary folder. With
--delta the firmware comes as a signed delta package instead of the whole image. With --keep Center and board go on running
until Ctrl-C.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time

from board import QTH_BOARD, Board
from case import DK, PK, PS, SEED_SCRIPT
from center import QTH_CENTER, Center
from process import BUILD, ROOT
from proxy import Proxy

OLD, NEW = "1.0.0", "1.1.0"
# The way from the file server to the board is slowed down to this, so that there is a download to watch.
BYTES_A_SECOND = 400_000
PATIENCE = 60


def colour(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


class Stage:
    """What is printed, by whom, one line at a time; a progress bar below while there is one."""

    def __init__(self):
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._bar = ""

    def say(self, who, text, code="0"):
        with self._lock:
            self._clear_bar()
            print(f"{time.monotonic() - self._start:6.2f} s  {colour(code, f'{who:<7}')} {text}", flush=True)
            self._draw_bar()

    def bar(self, done, total):
        width = 40
        filled = width * done // total
        bar = f"{'':10} {'█' * filled}{'░' * (width - filled)} {100 * done // total:3} %  {done:,} of {total:,} bytes"
        with self._lock:
            if bar != self._bar:
                self._clear_bar()
                self._bar = bar
                self._draw_bar()

    def end_bar(self):
        with self._lock:
            self._clear_bar()
            self._bar = ""

    def _draw_bar(self):
        if self._bar and sys.stdout.isatty():
            sys.stdout.write(self._bar)
            sys.stdout.flush()

    def _clear_bar(self):
        if self._bar and sys.stdout.isatty():
            sys.stdout.write("\r\x1b[K")


def firmware(version):
    return os.path.join(BUILD, f"unix-{version}", "micropython")


# What `make run` builds before it starts this.
PARTS = (QTH_CENTER, QTH_BOARD, firmware(OLD), firmware(NEW))


def built(path):
    """A part and when it was built, to print."""
    return f"{os.path.relpath(path)}, built {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(os.path.getmtime(path)))}"


def add_image(folder, center, stage):
    """Gives the Center the whole image; returns the package's id and size."""
    image = os.path.join(folder, "firmware.bin")
    shutil.copy(firmware(NEW), image)
    package = center.cli("package", "add", image, "--name", f"firmware {NEW}", "--target", NEW)["id"]
    size = os.path.getsize(image)
    stage.say("Center", f"firmware {NEW} as a full package of {size:,} bytes", "36")
    return package, size


def add_delta(folder, center, stage):
    """Gives the Center a signed delta; returns the package's id and size, and the public key."""
    key, delta = os.path.join(folder, "fleet.key"), os.path.join(folder, "firmware.pack")
    center.cli("pack", "keygen", key, "--curve", "p384")
    stage.say("Center", f"makes a delta from firmware {OLD} to {NEW}", "36")
    center.cli(
        "pack",
        "delta",
        firmware(OLD),
        firmware(NEW),
        "--source",
        OLD,
        "--target",
        NEW,
        "--component",
        "QTH-UNIX",
        "--product",
        PK,
        "--sequence",
        "1",
        "--key",
        key,
        "-o",
        delta,
    )
    package = center.cli("package", "add", delta, "--name", f"delta {OLD} to {NEW}")["id"]
    size, whole = os.path.getsize(delta), os.path.getsize(firmware(NEW))
    stage.say("Center", f"signed delta of {size:,} bytes; the whole image has {whole:,}, {whole / size:.0f} times as many", "36")
    with open(key + ".pub") as file:
        return package, size, file.read()


def with_key(folder, pem):
    """The seed's script, setting this key before it starts the device."""
    with open(SEED_SCRIPT) as file:
        text = file.read()
    path = os.path.join(folder, "fota.py")
    with open(path, "w") as file:
        file.write(text.replace("Qth.start()", f"Qth.setOtaKey({pem!r}); Qth.start()", 1))
    return path


def upgrade(folder, stage, as_delta):
    """Sets everything up, lets the upgrade happen, returns Center, board and plan."""
    data = os.path.join(folder, "center")
    os.mkdir(data)
    files = Proxy(bytes_a_second=BYTES_A_SECOND)
    center = Center(data, public_url="http://" + files.address)
    files.target = center.http
    stage.say("Center", f"runs: devices at mqtt://{center.mqtt}, REST API at {center.url}", "36")
    center.cli("product", "add", PK, "--secret", PS, "--name", "Lamp")
    script = SEED_SCRIPT
    if as_delta:
        package, size, pem = add_delta(folder, center, stage)
        script = with_key(folder, pem)
    else:
        package, size = add_image(folder, center, stage)
    plan = str(
        center.cli(
            "plan", "create", "--name", f"to {NEW}", "--product", PK, "--time-zone", "UTC", "--component", f"QTH-UNIX={package}"
        )["id"]
    )
    center.cli("plan", "activate", plan)
    stage.say("Center", f"product {PK}, plan {plan} to firmware {NEW} activated", "36")
    board = Board(
        folder,
        script,
        center.mqtt,
        version=OLD,
        interpreter=None,
        image=firmware(OLD),
        show=lambda line: stage.say("board", line.replace(ROOT + "/", ""), "33"),
    )
    key = " and the public key" if as_delta else ""
    stage.say("board", f"power on, with firmware {OLD}, the script {os.path.relpath(SEED_SCRIPT)}{key}", "33")
    process = board.power_on()
    process.wait_for("otaPlan:", PATIENCE)
    if watch_download(files, size, process, stage):
        what = "a delta of" if as_delta else "an image of"
        stage.say("board", f"has downloaded {what} {size:,} bytes; the new image is in the other slot", "33")
    process.wait_for("fotaResult:", PATIENCE)
    return center, board, plan


def watch_download(files, size, process, stage):
    """Draws a bar until the file has reached the board; False when that has given up before."""
    deadline = time.monotonic() + PATIENCE
    while files.back < size and "fotaResult:" not in process.output() and time.monotonic() < deadline:
        stage.bar(files.back, size)
        time.sleep(0.01)
    is_there = files.back >= size
    if is_there:
        stage.bar(size, size)
    stage.end_bar()
    return is_there


def summary(center, plan):
    """Waits until the Center knows the outcome; prints the version that runs, and its log."""
    deadline = time.monotonic() + PATIENCE
    while True:
        device = center.cli("monitor", plan)["devices"][0]
        if device["state"] in ("upgraded", "failed") or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    print(f"\nDevice {DK} now runs firmware {colour('1', device['version'])}. The Center's log of the upgrade:\n", flush=True)
    os.system(f"{QTH_CENTER} monitor {plan} --log --center {center.url}")
    return device["state"] == "upgraded"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave Center and board running until Ctrl-C")
    parser.add_argument("--delta", action="store_true", help="upgrade by a signed delta package")
    arguments = parser.parse_args()
    if missing := [os.path.relpath(path) for path in PARTS if not os.path.exists(path)]:
        print(f"Not built yet: {', '.join(missing)}. `make run` builds everything and shows the upgrade.", file=sys.stderr)
        return 2
    folder = tempfile.mkdtemp(prefix="qth-run-")
    stage = Stage()
    center = board = None
    try:
        center, board, plan = upgrade(folder, stage, arguments.delta)
        good = summary(center, plan)
        if arguments.keep:
            print(
                f"\nCenter and board go on running; Ctrl-C ends them. In another terminal:\n\n"
                f"  export QTH_CENTER={center.url}\n"
                f"  {os.path.relpath(QTH_CENTER)} device show {DK}\n"
                f"  {os.path.relpath(QTH_CENTER)} monitor {plan} --log\n"
                f"  {os.path.relpath(os.path.join(BUILD, 'unix', 'qth-board'))} --flash {board.flash} --status\n",
                flush=True,
            )
            while board.process.is_running() and center.process.is_running():
                time.sleep(0.2)
        return 0 if good else 1
    except KeyboardInterrupt:
        return 130
    except AssertionError as error:
        print(
            f"\nThe upgrade did not happen: {error}\n\n"
            "Parts that were built from different sources may not understand each other's flash. `make run` builds them anew; "
            "these ran:\n",
            *(f"  {built(path)}\n" for path in PARTS),
            sep="",
            end="",
            file=sys.stderr,
        )
        return 1
    finally:
        for running in (board, center):
            if running and running.process and running.process.is_running():
                running.process.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
