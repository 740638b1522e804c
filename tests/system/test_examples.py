"""The examples, as they are in micropython/examples, on a real board with a real Center."""

import os

from case import DK, SystemCase
from process import ROOT


def example(name):
    return os.path.join(ROOT, "micropython", "examples", name)


class Examples(SystemCase):
    def data(self):
        """The last value of each TSL id."""
        return {entry["id"]: entry["value"] for entry in self.center.cli("device", "data", DK)}

    def test_the_tracker_reports_where_it_is_and_takes_its_interval_from_the_center(self):
        board = self.board(example("tracker.py")).power_on()
        board.wait_for("devEvent: 2 0")
        self.wait_until(lambda: self.data().get(2) == 5)
        self.assertEqual(self.data()[1], 35.9)
        place = self.wait_until(lambda: self.center.cli("device", "history", DK, "--kind", "location"))
        self.assertIn("$GNGGA,", str(place[0]))
        self.center.cli("device", "write", DK, "2=0.1")
        board.wait_for("recvTsl: {2: 0.1}")
        self.wait_until(lambda: self.data()[2] == 0.1)

    def test_the_meter_reports_answers_and_switches(self):
        board = self.board(example("meter.py")).power_on()
        board.wait_for("devEvent: 2 0")
        self.wait_until(lambda: self.data().get(2) == "day")
        self.center.cli("device", "write", DK, "2=night")
        self.wait_until(lambda: self.data()[2] == "night")
        answer = str(self.center.cli("device", "read", DK, "tsl", "2", "3"))
        self.assertIn("night", answer)
        self.assertIn("230.1", answer)
        self.assertIn("True", str(self.center.cli("device", "call", DK, "10", "1=false")))
        board.wait_for("service: 10 {1: False}")
        state = self.center.cli("device", "read", DK, "tsl", "3")
        self.assertIn("False", str(state))

    def test_the_meters_code_is_a_component(self):
        plan = self.plan(self.package(example("fota.py"), version="2.0", **{"component-type": "mcu"}), component="APP")
        board = self.board(["-m", "application"], QTH_USR=self.folder + "/usr")
        os.mkdir(self.folder + "/usr")
        os.symlink(example("meter.py"), self.folder + "/usr/main.py")
        process = board.power_on()
        process.wait_for("otaPlan: [(1, 'APP', '1.0.0', '2.0', 0, 0, 0)]")
        self.wait_until(lambda: self.upgrade_state(plan) == "in_upgrade")
