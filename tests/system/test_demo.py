"""What `make run` shows: the main job, by the whole image and by a signed delta."""

import contextlib
import io
import os
import re
import subprocess
import sys
import unittest
from unittest import mock

import demo
import terminal
from process import BUILD, ROOT

DEMO = (sys.executable, os.path.join(ROOT, "tests", "system", "demo.py"))
NEW_SIZE = os.path.getsize(os.path.join(BUILD, "unix-1.1.0", "micropython"))


def number(pattern, text):
    return int(re.search(pattern, text)[1].replace(",", ""))


class Demo(unittest.TestCase):
    def test_a_device_upgrades_itself_and_the_log_of_it_is_shown(self):
        done = subprocess.run(DEMO, cwd=ROOT, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(number(r"as a full package of ([\d,]+) bytes", done.stdout), NEW_SIZE)
        self.assertIn("slot B: firmware 1.1.0 on trial", done.stdout)
        self.assertIn("fotaResult: QTH-UNIX True", done.stdout)
        self.assertIn("now runs firmware 1.1.0", done.stdout)
        self.assertRegex(done.stdout, r"11 UPDATESUCCESS\n.* Center +upgraded\n$")
        self.assertNotIn("\x1b", done.stdout, "colours are for terminals")

    def test_a_signed_delta_is_shown_beside_the_size_of_the_whole_image(self):
        status, shown = terminal.run(*DEMO, "--delta", cwd=ROOT)
        self.assertEqual(status, 0, shown)
        delta = number(r"signed delta of ([\d,]+) bytes", shown)
        self.assertEqual(number(r"the whole image has ([\d,]+)", shown), NEW_SIZE)
        self.assertLess(delta * 100, NEW_SIZE)
        self.assertRegex(shown, rf"█ +100 %  {delta:,} of {delta:,} bytes")
        self.assertIn(f"a delta of {delta:,} bytes", shown)
        self.assertIn("fotaResult: QTH-UNIX True", shown)

    def test_parts_that_are_missing_are_named(self):
        parts = (demo.PARTS[0], os.path.join(BUILD, "nothing"))
        missing = mock.patch.object(demo, "PARTS", parts)
        with missing, mock.patch.object(sys, "argv", ["demo.py"]), contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(demo.main(), 2)
        self.assertRegex(said.getvalue(), r"^Not built yet: \S*build/nothing\. `make run` builds everything")

    def test_when_the_upgrade_does_not_happen_the_ages_of_the_parts_are_told(self):
        failing = mock.patch.object(demo, "upgrade", side_effect=AssertionError("flash can't be written"))
        with failing, mock.patch.object(sys, "argv", ["demo.py"]), contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(demo.main(), 1)
        self.assertIn("The upgrade did not happen: flash can't be written", said.getvalue())
        self.assertEqual(len(re.findall(r"^  \S*build/\S+, built [-0-9]+ [:0-9]+$", said.getvalue(), re.M)), 4, said.getvalue())


if __name__ == "__main__":
    unittest.main()
