"""The Python application is upgraded on its own: a tar of files, on trial until the Center knows its version."""

import gzip
import io
import os
import tarfile
import zipfile

from case import DK, PK, PS, SystemCase

MAIN = """
import Qth
from greeting import text

print(text)

def plan(plans):
    print('otaPlan:', plans)
    Qth.otaAction(1)

Qth.init()
Qth.setProductInfo({pk!r}, {ps!r})
Qth.setEventCb({{'ota': {{'otaPlan': plan}}}})
Qth.setAppVer({version!r}, lambda component, success: print('application:', component, success))
Qth.start()
"""


def code(version):
    return MAIN.format(version=version, pk=PK, ps=PS)


class Application(SystemCase):
    def setUp(self):
        super().setUp()
        self.usr = os.path.join(self.folder, "usr")
        os.mkdir(self.usr)
        for name, content in (("main.py", code("1.0")), ("greeting.py", "text = 'this is 1.0'\n")):
            with open(os.path.join(self.usr, name), "w") as file:
                file.write(content)

    def application(self):
        return self.board(["-m", "application"], QTH_USR=self.usr)

    def archive(self, **files):
        path = os.path.join(self.folder, "application.tar")
        with tarfile.open(path, "w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(name + ".py")
                entry.size = len(content)
                entry.mtime = 1790000000.5  # which pax has a header for
                archive.addfile(entry, io.BytesIO(content.encode()))
        return path

    def plan_for(self, path):
        self.package_id = self.package(path, version="2.0", **{"component-type": "mcu"})
        return self.plan(self.package_id, component="APP")

    def test_new_files_take_effect_at_the_next_start_and_stay(self):
        plan = self.plan_for(self.archive(main=code("2.0"), greeting="text = 'this is 2.0'\n"))
        board = self.application().power_on()
        board.wait_for("this is 1.0")
        board.wait_for("otaPlan: [(1, 'APP', '1.0', '2.0', 0, 0, 0)]")
        board.wait_for("this is 2.0")
        board.wait_for("application: APP True")
        self.wait_for_state(plan, "upgraded")
        board.kill()
        board = self.application().power_on()
        board.wait_for("this is 2.0")
        self.assertFalse(os.path.exists(self.usr + ".old"))

    def test_an_archive_without_main_replaces_files_and_adds_some(self):
        with open(os.path.join(self.usr, "main.py"), "w") as file:
            file.write("import version\n" + code("1.0").replace("'1.0'", "version.VERSION"))
        with open(os.path.join(self.usr, "version.py"), "w") as file:
            file.write("VERSION = '1.0'\n")
        greeting = "from added import text\n"
        plan = self.plan_for(self.archive(version="VERSION = '2.0'\n", greeting=greeting, added="text = 'this is 2.0'\n"))
        board = self.application().power_on()
        board.wait_for("this is 1.0")
        board.wait_for("this is 2.0")
        board.wait_for("application: APP True")
        self.wait_for_state(plan, "upgraded")

    def test_an_archive_may_be_compressed(self):
        path = self.archive(main=code("2.0"), greeting="text = 'this is 2.0'\n")
        with open(path, "rb") as archive, gzip.open(path + ".gz", "wb") as compressed:
            compressed.write(archive.read())
        plan = self.plan_for(path + ".gz")
        board = self.application().power_on()
        board.wait_for("this is 2.0")
        board.wait_for("application: APP True")
        self.wait_for_state(plan, "upgraded")

    def test_an_archive_may_be_a_zip(self):
        path = os.path.join(self.folder, "application.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("main.py", code("2.0"))
            archive.writestr("greeting.py", "text = 'this is 2.0'\n" + "# A comment that repeats itself.\n" * 100)
        plan = self.plan_for(path)
        board = self.application().power_on()
        board.wait_for("this is 2.0")
        board.wait_for("application: APP True")
        self.wait_for_state(plan, "upgraded")

    def test_an_application_that_fails_to_start_is_put_back_and_not_installed_again(self):
        plan = self.plan_for(self.archive(main=code("2.0"), greeting="raise ValueError('broken')\n"))
        board = self.application().power_on()
        board.wait_for("ValueError: broken")
        board.wait_for("this is 1.0", count=2)
        board.wait_for("application: APP False")
        self.wait_for_state(plan, "failed")
        self.assertIn("new firmware did not start, reverted", self.log(plan))
        again = self.plan(self.package_id, component="APP")
        self.wait_for_state(again, "failed")
        self.assertIn("was tried before and reverted", self.log(again))
        self.assertEqual(board.output().count("ValueError: broken"), 1)

    def test_an_application_that_ends_before_it_is_healthy_is_put_back_after_three_starts(self):
        plan = self.plan_for(self.archive(main="import machine\nprint('crash')\nmachine.reset()\n"))
        board = self.application().power_on()
        board.wait_for("crash", count=3)
        board.wait_for("application: APP False")
        self.wait_for_state(plan, "failed")
        self.assertEqual(board.output().count("crash\n"), 3)

    def test_a_package_that_would_write_elsewhere_is_refused(self):
        path = self.archive(main=code("2.0"))
        with tarfile.open(path, "a") as archive:
            link = tarfile.TarInfo("link.py")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
        plan = self.plan_for(path)
        board = self.application().power_on()
        board.wait_for("application: package refused: 'link.py' is not a file or folder")
        board.wait_for("application: APP False")
        self.wait_for_state(plan, "failed")
        self.assertIn("can't be unpacked", self.log(plan))
        self.assertEqual(sorted(os.listdir(self.usr)), ["greeting.py", "main.py"])

    def test_a_component_that_fails_stops_those_behind_it(self):
        module = self.package(version="1.1.0")
        path = os.path.join(self.folder, "application.bin")
        with open(path, "wb") as file:
            file.write(bytes(4))
        archive = self.package(path, version="2.0", **{"component-type": "mcu"})
        plan = self.plan(archive, "--component", f"QTH-UNIX={module}", component="APP")
        board = self.application().power_on()
        board.wait_for("otaPlan: [(1, 'APP', '1.0', '2.0', 0, 0, 0), (0, 'QTH-UNIX', '1.0.0', '1.1.0', 0, 0, 0)]")
        board.wait_for("application: package refused: it is neither an archive nor Python code for this firmware")
        board.wait_for("application: APP False")
        self.wait_for_state(plan, "failed")
        components = self.center.cli("monitor", plan)["devices"][0]["components"]
        self.assertEqual([component["state"] for component in components], ["failed", "start"])
        self.assertNotIn("on trial", board.output())

    def test_power_cuts_only_delay_it(self):
        plan = self.plan_for(self.archive(main=code("2.0"), greeting="text = 'this is 2.0'\n"))
        board = self.application()
        for line in ("otaPlan", "this is 2.0"):
            board.power_on().wait_for(line)
            board.cut_power()
        board = board.power_on()
        board.wait_for("this is 2.0")
        # Whether this start or the one before has told the application of it depends on when exactly power was cut.
        self.wait_for_state(plan, "upgraded")
        self.assertTrue(self.center.cli("device", "show", DK))
