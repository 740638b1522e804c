"""What the system tests share: a Center with the seed's product, a board, a package, a plan."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

from board import QTH_BOARD, Board
from center import Center
from process import ROOT
from proxy import Proxy

PK, PS, DK = "p111xt", "V2VUei9ZVWt2SnpL", "866123456789012"
SEED_SCRIPT = os.path.join(ROOT, "micropython", "examples", "fota.py")

# The seed's script with the connection's events shown, and Python code of a test at its marks.
SCRIPT = """
import Qth

def plan(plans):
    print('otaPlan:', plans)
    {on_plan}

def result(comp_no, result):
    print('fotaResult:', comp_no, result)

def dev(event, result):
    print('devEvent:', event, result)

Qth.init()
version = Qth.getDevInfo([2])[2]
print('firmware:', version)
Qth.setProductInfo({pk!r}, {ps!r})
Qth.setEventCb({{'devEvent': dev, 'ota': {{'otaPlan': plan, 'fotaResult': result}}}})
{before_start}
Qth.start()
"""


class SystemCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="qth-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.files = Proxy()
        self.addCleanup(self.files.close)
        data = os.path.join(self.folder, "center")
        os.mkdir(data)
        self.center = Center(data, public_url="http://" + self.files.address)
        self.addCleanup(lambda: self.center.kill())
        self.files.target = self.center.http
        self.center.cli("product", "add", PK, "--secret", PS, "--name", "Test")
        self.boards = []
        self.addCleanup(self.power_off)

    def power_off(self):
        for board in self.boards:
            if board.process and board.process.is_running():
                board.cut_power()

    def script(self, on_plan="Qth.otaAction(1)", before_start="", pk=PK, ps=PS):
        path = os.path.join(self.folder, f"script{len(os.listdir(self.folder))}.py")
        with open(path, "w") as file:
            file.write(SCRIPT.format(on_plan=on_plan, before_start=before_start, pk=pk, ps=ps))
        return path

    def board(self, script=None, server=None, **settings):
        board = Board(self.folder, script or self.script(), server or self.center.mqtt, **settings)
        self.boards.append(board)
        return board

    def image(self, size=200_000, seed=1):
        """Bytes that stand for a firmware where the board runs another interpreter than what is in the slot."""
        path = os.path.join(self.folder, f"image-{size}-{seed}.bin")
        state, out = seed, bytearray()
        while len(out) < size:
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            out += (state >> 16).to_bytes(6, "little")
        with open(path, "wb") as file:
            file.write(out[:size])
        return path

    def package(self, image=None, version="1.1.0", **options):
        arguments = ["package", "add", "--name", options.pop("name", "fw-" + version), "--target", version]
        for name, value in options.items():
            arguments += ["--" + name, value]
        return self.center.cli(*arguments, image or self.image())["id"]

    def plan(self, package, *options, component="QTH-UNIX", activate=True):
        plan = self.center.cli(
            "plan",
            "create",
            "--product",
            PK,
            "--name",
            f"plan {len(self.center.cli('plan', 'list')) + 1}",
            "--time-zone",
            "UTC",
            "--component",
            f"{component}={package}",
            *options,
        )["id"]
        if activate:
            self.center.cli("plan", "activate", str(plan))
        return str(plan)

    def upgrade_state(self, plan, dk=DK):
        for device in self.center.cli("monitor", plan)["devices"]:
            if device["dk"] == dk:
                return device["state"]
        return None

    def wait_for_state(self, plan, state, timeout=30):
        deadline = time.monotonic() + timeout
        while (now := self.upgrade_state(plan)) != state:
            if time.monotonic() > deadline:
                log = self.center.cli("monitor", plan, "--log")
                boards = "\n".join(board.process.output() for board in self.boards)
                raise AssertionError(f"device is {now}, not {state}: {log}\n{boards}\n{self.center.process.output()}")
            time.sleep(0.05)

    def wait_until(self, condition, timeout=30):
        """Waits until the condition is true; returns what it gave."""
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            if time.monotonic() > deadline:
                boards = "\n".join(board.process.output() for board in self.boards)
                raise AssertionError(f"it did not happen within {timeout} s\n{boards}\n{self.center.process.output()}")
            time.sleep(0.05)
        return result

    def status(self, board):
        """What qth-board says of a board's flash."""
        command = [QTH_BOARD, "--flash", board.flash, "--status", "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def log(self, plan, dk=DK):
        """The text of the reports of one device, joined."""
        return str(self.center.cli("monitor", plan, "--log"))
