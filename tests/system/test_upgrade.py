"""A device upgrades its own firmware: real board, real Center, real files."""

import os
import random
import shutil
import time
import unittest

from board import MICROPYTHON
from case import DK, PK, SEED_SCRIPT, SystemCase
from proxy import Proxy


class Upgrade(SystemCase):
    def test_the_seeds_script_upgrades_the_firmware(self):
        plan = self.plan(self.package())
        board = self.board(SEED_SCRIPT).power_on()
        board.wait_for("otaPlan: [(0, 'QTH-UNIX', '1.0.0', '1.1.0', 0, 0, 0)]")
        board.wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")

    def test_the_running_interpreter_really_is_the_image_in_the_slot(self):
        new = os.path.join(self.folder, "firmware.bin")
        shutil.copy(os.path.join(os.path.dirname(MICROPYTHON), "..", "unix-1.1.0", "micropython"), new)
        plan = self.plan(self.package(new))
        board = self.board(interpreter=None).power_on()
        board.wait_for("firmware: 1.0.0")
        board.wait_for("firmware: 1.1.0")
        board.wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")

    def test_a_plan_is_offered_to_a_device_that_is_online_already_when_it_asks(self):
        script = self.script(before_start="import _thread, time")
        with open(script, "a") as file:
            file.write("while not Qth.state(): time.sleep(0.05)\nprint('online')\ninput()\nprint(Qth.otaRequest())\n")
        board = self.board(script)
        process = board.power_on()
        process.wait_for("online")
        self.plan(self.package())
        process.type("\n")
        process.wait_for("True")
        process.wait_for("fotaResult: QTH-UNIX True")

    def test_an_encrypted_session_carries_an_upgrade(self):
        plan = self.plan(self.package())
        board = self.board(self.script(before_start="Qth.setSessionFlag(True)")).power_on()
        board.wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")

    def test_an_empty_user_name_is_as_good_as_none(self):
        self.plan(self.package())
        self.board(QTH_EMPTY_USER_NAME="1").power_on().wait_for("fotaResult: QTH-UNIX True")

    def test_a_plan_that_confirms_itself_needs_no_callback(self):
        plan = self.plan(self.package(), "--auto-confirm")
        board = self.board(self.script(on_plan="raise Exception('not asked')")).power_on()
        board.wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")
        self.assertNotIn("otaPlan", board.output())

    def test_two_plans_run_one_after_another(self):
        first = self.plan(self.package(version="1.1.0"))
        second = self.plan(self.package(self.image(seed=2), version="1.2.0"))
        board = self.board().power_on()
        board.wait_for("fotaResult: QTH-UNIX True", timeout=60, count=2)
        self.wait_for_state(second, "upgraded")
        self.wait_for_state(first, "upgraded")


class Packages(SystemCase):
    """Signed package files, which the Center carries as it carries images."""

    def setUp(self):
        super().setUp()
        self.old = MICROPYTHON
        self.new = os.path.join(os.path.dirname(MICROPYTHON), "..", "unix-1.1.0", "micropython")
        self.key = self.new_key("fleet.key")

    def new_key(self, name):
        key = os.path.join(self.folder, name)
        self.center.cli("pack", "keygen", key, "--curve", "p384")
        return key

    def pack(self, kind, *arguments, key):
        """Makes a package file for the board, signed by this key."""
        path = os.path.join(self.folder, f"{os.path.basename(key)}.pack")
        self.center.cli(
            "pack", kind, *arguments, "--target", "1.1.0", "--component", "QTH-UNIX", "--product", PK, "--key", key, "-o", path
        )
        return path

    def board_with_key(self):
        with open(self.key + ".pub") as file:
            before_start = f"print('key:', Qth.setOtaKey({file.read()!r}))"
        return self.board(self.script(before_start=before_start), interpreter=None)

    def test_a_signed_delta_makes_the_new_firmware_out_of_the_one_that_runs(self):
        delta = self.pack("delta", self.old, self.new, "--source", "1.0.0", key=self.key)
        self.assertLess(os.path.getsize(delta) * 10, os.path.getsize(self.new))
        added = self.center.cli("package", "add", delta, "--name", "delta")
        self.assertEqual((added["package_type"], added["source_version"], added["target_version"]), ("delta", "1.0.0", "1.1.0"))
        plan = self.plan(added["id"])
        process = self.board_with_key().power_on()
        process.wait_for("key: True")
        process.wait_for("firmware: 1.1.0")
        process.wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")

    def test_a_package_file_that_contradicts_what_is_entered_or_is_damaged_is_refused(self):
        package = self.pack("full", self.image(), key=self.key)
        with self.assertRaisesRegex(AssertionError, "target version of 'fleet.key.pack' is '1.1.0', but '1.2.0' was entered"):
            self.package(package, version="1.2.0")
        with self.assertRaisesRegex(AssertionError, "source version of 'fleet.key.pack' is none, but '1.0.0' was entered"):
            self.package(package, source="1.0.0")
        with open(package, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")
        with self.assertRaisesRegex(AssertionError, "'fleet.key.pack': the package's payload is damaged"):
            self.package(package)
        self.assertEqual(self.center.cli("package", "list"), [])

    def test_the_center_shows_how_a_package_file_is_signed_and_what_for(self):
        package = self.package(self.pack("full", self.image(), "--sequence", "7", key=self.key))
        says = self.center.cli("package", "show", str(package))["files"][0]["manifest"]
        self.assertEqual((says["product"], says["component"], says["component_type"]), (PK, "QTH-UNIX", "module"))
        self.assertEqual((says["signature"], says["sequence"]), ("P-384", 7))
        plain = self.package(self.image(), name="an image")
        self.assertIsNone(self.center.cli("package", "show", str(plain))["files"][0]["manifest"])
        listed = self.center.text("package", "list")
        self.assertRegex(listed, r"SIGNED +SEQUENCE\n.* 1\.1\.0 +P-384 +7\n.* 1\.1\.0\n$")
        self.assertRegex(self.center.text("package", "show", str(package)), rf"fleet\.key\.pack +{PK} +QTH-UNIX +P-384 +7\n$")

    def test_a_plan_with_a_package_for_something_else_is_refused(self):
        package = self.package(self.pack("full", self.image(), key=self.key))
        with self.assertRaisesRegex(
            AssertionError, "'fleet.key.pack' of package 1 is for component 'QTH-UNIX', not for this one"
        ):
            self.plan(package, component="MCU1")
        self.center.cli("product", "add", "p222xt", "--secret", "0123456789abcdef", "--name", "Other")
        with self.assertRaisesRegex(AssertionError, f"is for product '{PK}', not for 'p222xt'"):
            self.center.cli(
                "plan",
                "create",
                "--name",
                "other",
                "--product",
                "p222xt",
                "--time-zone",
                "UTC",
                "--component",
                f"QTH-UNIX={package}",
            )
        self.assertEqual(self.center.cli("plan", "list"), [])

    def test_with_a_key_set_only_what_it_has_signed_is_installed(self):
        plan = self.plan(self.package())
        process = self.board_with_key().power_on()
        process.wait_for("fotaResult: QTH-UNIX False")
        self.wait_for_state(plan, "failed")
        self.assertIn("package is not signed", self.log(plan))
        package = self.pack("full", self.image(), key=self.new_key("other.key"))
        other = self.plan(self.package(package, name="by another key"))
        process.wait_for("fotaResult: QTH-UNIX False", count=2)
        self.wait_for_state(other, "failed")
        self.assertIn("package is not signed by this device's key", self.log(other))


class ManyComponents(SystemCase):
    SCRIPT = """
def info(comp_no, version, url, size, md5, crc):
    print('infoCB:', comp_no, version, size)
    Qth.setMcuVer('MCU1', version, info, mcu_result)

def mcu_result(comp_no, result):
    print('resultCB:', comp_no, result)

Qth.setMcuVer('MCU1', '1.0', info, mcu_result)
"""

    def test_the_components_of_a_plan_are_upgraded_in_its_order(self):
        mcu = self.package(self.image(5_000, seed=3), version="2.0", **{"component-type": "mcu"})
        module = self.package(version="1.1.0")
        plan = self.plan(mcu, "--component", f"QTH-UNIX={module}", component="MCU1")
        board = self.board(self.script(before_start=self.SCRIPT)).power_on()
        board.wait_for("otaPlan: [(1, 'MCU1', '1.0', '2.0', 0, 0, 0), (0, 'QTH-UNIX', '1.0.0', '1.1.0', 0, 0, 0)]")
        board.wait_for("infoCB: MCU1 2.0 5000")
        board.wait_for("resultCB: MCU1 True")
        board.wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")
        output = board.output()
        self.assertLess(output.index("resultCB: MCU1 True"), output.index("fotaResult: QTH-UNIX True"))


class Refusal(SystemCase):
    def test_a_plan_that_the_application_refuses_is_not_carried_out(self):
        plan = self.plan(self.package())
        board = self.board(self.script(on_plan="print('refused', Qth.otaAction(0))")).power_on()
        board.wait_for("refused True")
        self.wait_for_state(plan, "failed")
        self.assertIn("REFUSEDOTA", self.log(plan))
        self.assertEqual(self.files.back, 0, "something was downloaded")

    def test_a_device_on_the_blacklist_is_not_offered_the_plan(self):
        plan = self.plan(self.package(), "--blacklist", DK, "--whitelist", DK)
        board = self.board().power_on()
        board.wait_for("devEvent: 2 0")
        self.assertIn(self.upgrade_state(plan), (None, "non_upgraded"))
        self.assertNotIn("otaPlan", board.output())

    def test_a_weak_battery_is_not_upgraded(self):
        plan = self.plan(self.package(), "--min-battery", "50")
        board = self.board(QTH_BATTERY="20").power_on()
        board.wait_for("devEvent: 2 0")
        self.assertNotIn("otaPlan", board.output())
        board = self.boards[0]
        board.cut_power()
        board._env["QTH_BATTERY"] = "80"
        board.power_on().wait_for("fotaResult: QTH-UNIX True")
        self.wait_for_state(plan, "upgraded")

    def test_a_wrong_product_secret_is_told_to_the_script(self):
        board = self.board(self.script(ps="V2VUei9ZVWt2SnpM")).power_on()
        board.wait_for("devEvent: 2 -17928")
        self.assertEqual(self.center.cli("device", "list"), [])


class Faults(SystemCase):
    def test_a_damaged_file_is_never_installed(self):
        plan = self.plan(self.package())
        files = os.path.join(self.center.folder, "files")
        for folder, _, names in os.walk(files):
            for name in names:
                with open(os.path.join(folder, name), "r+b") as file:
                    file.seek(1000)
                    byte = file.read(1)
                    file.seek(1000)
                    file.write(bytes([byte[0] ^ 1]))
        board = self.board()
        process = board.power_on()
        self.wait_until(lambda: "MD5 differs" in self.log(plan))
        board.cut_power()
        self.assertNotIn("firmware: 1.1.0", process.output())

    def test_a_download_goes_on_where_the_connection_broke(self):
        self.files.cut_after, self.files.cuts = 60_000, 3
        size = 400_000
        plan = self.plan(self.package(self.image(size)))
        board = self.board().power_on()
        board.wait_for("fotaResult: QTH-UNIX True", timeout=60)
        self.wait_for_state(plan, "upgraded")
        self.assertLess(self.files.back, size * 1.3, "it began anew")

    def test_the_connection_to_the_center_may_break_at_any_point(self):
        mqtt = Proxy(self.center.mqtt)
        self.addCleanup(mqtt.close)
        mqtt.cut_after, mqtt.cuts = 220, 2
        plan = self.plan(self.package())
        board = self.board(server=mqtt.address).power_on()
        board.wait_for("fotaResult: QTH-UNIX True", timeout=90)
        self.wait_for_state(plan, "upgraded")

    def test_power_may_be_cut_at_any_point(self):
        pick = random.Random(20261123)
        plan = self.plan(self.package(self.image(600_000)))
        board = self.board()
        for _ in range(12):
            process = board.power_on()
            time.sleep(pick.uniform(0.02, 0.6))
            if not process.is_running():
                self.fail("the board went out by itself:\n" + process.output())
            board.cut_power()
        process = board.power_on()
        self.wait_for_state(plan, "upgraded", timeout=90)

    def test_the_center_may_be_killed_at_any_point(self):
        plan = self.plan(self.package(self.image(600_000)))
        board = self.board().power_on()
        board.wait_for("otaPlan")
        self.center.kill()
        self.center.start()
        board.wait_for("fotaResult: QTH-UNIX True", timeout=90)
        self.wait_for_state(plan, "upgraded")


class Revert(SystemCase):
    def crashing_firmware(self):
        """A program that can be started and ends at once, in failure."""
        path = os.path.join(self.folder, "crash.bin")
        shutil.copy(shutil.which("false"), path)
        return path

    def test_a_firmware_that_crashes_is_reverted(self):
        plan = self.plan(self.package(self.crashing_firmware()))
        board = self.board(interpreter=None).power_on()
        board.wait_for("fotaResult: QTH-UNIX False", timeout=60)
        self.wait_for_state(plan, "failed")
        self.assertIn("did not start", self.log(plan))
        self.assertIn("firmware: 1.0.0", [line for line in board.output().splitlines() if line.startswith("firmware")][-1])

    def test_a_firmware_that_cannot_reach_the_center_is_reverted(self):
        plan = self.plan(self.package())
        script = self.script(before_start="if version == '1.1.0': Qth.setServer('127.0.0.1:1')")
        board = self.board(script, QTH_TRIAL_SECONDS="2").power_on()
        board.wait_for("firmware: 1.1.0", timeout=60)
        board.wait_for("fotaResult: QTH-UNIX False", timeout=60)
        self.wait_for_state(plan, "failed")
        self.assertIn("did not reach the Center", self.log(plan))

    def test_a_reverted_image_is_not_installed_again(self):
        self.plan(self.package(self.crashing_firmware()))
        board = self.board(interpreter=None).power_on()
        board.wait_for("fotaResult: QTH-UNIX False", timeout=60)
        # The Center has heard of it, and the board knows that: it has nothing to report once more.
        self.wait_until(lambda: self.status(self.boards[0])["reverted"] is None)
        self.boards[0].cut_power()
        second = self.plan(self.package(self.crashing_firmware(), version="1.1.1"))
        board = self.boards[0].power_on()
        board.wait_for("fotaResult: QTH-UNIX False", timeout=60)
        self.wait_for_state(second, "failed")
        self.assertIn("tried before", self.log(second))


if __name__ == "__main__":
    unittest.main()
