"""A board with one slot, which packages rewrite in place."""

import os
import random
import shutil
import subprocess
import tempfile
import time
import unittest

from board import MICROPYTHON
from case import PK, SystemCase
from center import QTH_CENTER

NEW = os.path.join(os.path.dirname(MICROPYTHON), "..", "unix-1.1.0", "micropython")

# The staging area of the board and its erase blocks, in bytes.
STAGING, BLOCK = 256 * 1024, 4096


def pack(folder, key, kind, *arguments):
    """Makes a package for the board, signed by this key."""
    path = os.path.join(folder, kind + str(len(arguments)) + ".pack")
    command = [
        QTH_CENTER,
        "pack",
        kind,
        *arguments,
        "--target",
        "1.1.0",
        "--component",
        "QTH-UNIX",
        "--product",
        PK,
        "--sequence",
        "1",
    ]
    subprocess.run([*command, "--key", key, "-o", path], check=True, capture_output=True)
    return path


class InPlace(SystemCase):
    @classmethod
    def setUpClass(cls):
        cls.packages = tempfile.mkdtemp(prefix="qth-test-")
        cls.addClassCleanup(shutil.rmtree, cls.packages)
        cls.key = os.path.join(cls.packages, "fleet.key")
        subprocess.run([QTH_CENTER, "pack", "keygen", cls.key], check=True, capture_output=True)
        with open(cls.key + ".pub") as file:
            cls.public_key = file.read()
        cls.in_place = pack(cls.packages, cls.key, "delta", MICROPYTHON, NEW, "--source", "1.0.0", "--layout", "inplace")

    def board(self, before_start="", layout="inplace", **settings):
        script = self.script(before_start=f"Qth.setOtaKey({self.public_key!r})\n{before_start}")
        return super().board(script, interpreter=None, layout=layout, **settings)

    def slots(self, board):
        return [(slot["state"], slot["version"]) for slot in self.status(board)["slots"]]

    def in_slot(self, board, image):
        """The image is what is in the slot, byte for byte."""
        with open(image, "rb") as file:
            image = file.read()
        with open(board.flash, "rb") as file:
            return file.read()[64 * 1024 :][: len(image)] == image

    def test_the_only_slot_is_rewritten_by_a_signed_package(self):
        self.assertLess(os.path.getsize(self.in_place) * 50, os.path.getsize(NEW))
        plan = self.plan(self.package(self.in_place))
        board = self.board()
        process = board.power_on()
        process.wait_for("fotaResult: QTH-UNIX True", timeout=60)
        self.wait_for_state(plan, "upgraded")
        self.assertIn("rewritten in place to the new image", process.output())
        self.assertEqual(self.slots(board), [("confirmed", "1.1.0"), ("empty", "1.1.0")])
        self.assertTrue(self.in_slot(board, NEW))

    def test_power_may_be_cut_at_any_point(self):
        pick = random.Random(20261125)
        plan = self.plan(self.package(self.in_place))
        board = self.board()
        for _ in range(12):
            board.power_on()
            time.sleep(pick.uniform(0.02, 0.4))
            board.cut_power()
        board.power_on()
        self.wait_for_state(plan, "upgraded", timeout=90)
        self.assertTrue(self.in_slot(board, NEW))

    def test_the_old_image_is_brought_back_when_the_new_one_fails_its_trial(self):
        plan = self.plan(self.package(self.in_place))
        board = self.board("if version == '1.1.0': Qth.setServer('127.0.0.1:1')", QTH_TRIAL_SECONDS="2")
        process = board.power_on()
        process.wait_for("firmware: 1.1.0", timeout=60)
        process.wait_for("fotaResult: QTH-UNIX False", timeout=60)
        self.wait_for_state(plan, "failed")
        self.assertIn("did not reach the Center", self.log(plan))
        self.assertIn("rewritten in place back to the old image", process.output())
        self.assertEqual(self.slots(board)[0], ("confirmed", "1.0.0"))
        self.assertTrue(self.in_slot(board, MICROPYTHON))

    def test_a_package_that_is_not_made_for_one_slot_is_refused(self):
        # Of any image: a whole one would not even fit, and that is said first.
        images = [self.image(20_000), self.image(20_001)]
        for expected, kind, *arguments in (
            ("file is larger than the staging area", "full", NEW),
            (
                "package is for a board with another flash layout",
                "delta",
                *images,
                "--source",
                "1.0.0",
                "--instructions",
                "plain",
            ),
        ):
            plan = self.plan(self.package(pack(self.folder, self.key, kind, *arguments), name=kind))
            board = self.board()
            board.power_on().wait_for("fotaResult: QTH-UNIX False", timeout=60)
            self.wait_for_state(plan, "failed")
            self.assertIn(expected, self.log(plan))
            board.cut_power()
            self.assertTrue(self.in_slot(board, MICROPYTHON))
            self.center.cli("plan", "terminate", plan)

    def test_a_package_that_leaves_no_room_for_a_scratch_block_is_refused(self):
        images = [self.image(20_000), self.image(232_000, seed=2)]
        package = pack(
            self.folder, self.key, "delta", *images, "--source", "1.0.0", "--instructions", "plain", "--layout", "1M:512K:4K"
        )
        self.assertIn(os.path.getsize(package), range(STAGING - BLOCK + 1, STAGING + 1), "by itself it fits the staging area")
        plan = self.plan(self.package(package))
        board = self.board()
        board.power_on().wait_for("fotaResult: QTH-UNIX False", timeout=60)
        self.wait_for_state(plan, "failed")
        self.assertIn("file is larger than the staging area", self.log(plan))
        board.cut_power()
        self.assertTrue(self.in_slot(board, MICROPYTHON))

    def test_a_board_with_two_slots_refuses_what_is_made_for_one(self):
        plan = self.plan(self.package(self.in_place))
        board = self.board(layout="slots").power_on()
        board.wait_for("fotaResult: QTH-UNIX False", timeout=60)
        self.wait_for_state(plan, "failed")
        self.assertIn("package is for a board with another flash layout", self.log(plan))


if __name__ == "__main__":
    unittest.main()
