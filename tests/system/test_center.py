"""The Center as a server: its rules, its files, what survives a kill -9."""

import http.client
import json
import os
import random
import threading
import unittest
import urllib.error
import urllib.request

from case import DK, PK, SystemCase

PART = "bytes=10-19"


class CenterCase(SystemCase):
    def refused(self, *args):
        """Runs a client command that must fail; what it says."""
        with self.assertRaises(AssertionError) as failed:
            self.center.cli(*args)
        return str(failed.exception)

    def file(self, name, content=b"content"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def add(self, *files, **options):
        settings = {"name": "p", "target": "2.0", **options}
        arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return ["package", "add", *arguments, *files]


class Packages(CenterCase):
    def test_only_firmware_files_are_taken(self):
        self.assertIn(".bin .zip .rar .pack", self.refused(*self.add(self.file("virus.exe"))))
        for name in ["a.bin", "a.zip", "a.rar", "a.pack", "a.mini_1", "a.py", "a.tar.gz", "a.s19", "a.bin_2"]:
            self.center.cli(*self.add(self.file(name), name=name))

    def test_a_package_has_one_to_five_files_with_content(self):
        files = [self.file(f"{number}.bin") for number in range(6)]
        self.assertIn("1 to 5 files", self.refused(*self.add(*files)))
        self.assertEqual(len(self.center.cli(*self.add(*files[:5]))["files"]), 5)
        self.assertIn("is empty", self.refused(*self.add(self.file("empty.bin", b""), name="q")))

    def test_remarks_have_at_most_200_characters(self):
        self.center.cli(*self.add(self.file("a.bin"), name="a", remarks="x" * 200))
        self.assertIn("200", self.refused(*self.add(self.file("a.bin"), name="b", remarks="x" * 201)))

    def test_a_refused_package_leaves_no_file_behind(self):
        self.refused(*self.add(self.file("good.bin"), self.file("bad.exe")))
        self.assertEqual(os.listdir(os.path.join(self.center.folder, "files")), [])

    def test_a_package_that_a_plan_uses_is_not_deleted(self):
        package = self.package()
        plan = self.plan(package, activate=False)
        self.assertIn(f"plan {package}", self.refused("package", "remove", str(package)))
        self.center.cli("plan", "remove", plan)
        self.center.cli("package", "remove", str(package))
        self.assertEqual(os.listdir(os.path.join(self.center.folder, "files")), [])


class Plans(CenterCase):
    def test_an_activated_plan_is_not_deleted(self):
        plan = self.plan(self.package())
        self.assertIn("can't be edited or deleted", self.refused("plan", "remove", plan))

    def test_a_plan_needs_a_product_a_package_and_a_time_zone_that_exist(self):
        package = str(self.package())
        create = ["plan", "create", "--name", "x"]
        self.assertIn(
            "no product", self.refused(*create, "--product", "none", "--time-zone", "UTC", "--component", f"A={package}")
        )
        self.assertIn("no package", self.refused(*create, "--product", PK, "--time-zone", "UTC", "--component", "A=99"))
        self.assertIn("Mars", self.refused(*create, "--product", PK, "--time-zone", "Mars/Base", "--component", f"A={package}"))

    def test_a_manual_plan_waits_for_a_person(self):
        texts = ["--mode", "manual", "--text", "zh=升级", "--text", "en=Upgrade"]
        plan = self.plan(self.package(), *texts)
        board = self.board().power_on()
        board.wait_for("devEvent: 2 0")
        device = self.wait_for_reason(plan, "confirm")
        self.assertEqual(device["state"], "non_upgraded")
        self.assertNotIn("otaPlan", board.output())
        self.center.cli("plan", "confirm", plan, DK)
        board.wait_for("fotaResult: QTH-UNIX True")

    def test_a_suspended_plan_is_not_offered_and_a_resumed_one_is(self):
        plan = self.plan(self.package())
        self.center.cli("plan", "suspend", plan)
        board = self.board().power_on()
        board.wait_for("devEvent: 2 0")
        self.wait_for_reason(plan, "suspended")
        self.assertNotIn("otaPlan", board.output())
        self.center.cli("plan", "resume", plan)
        board.wait_for("fotaResult: QTH-UNIX True")

    def wait_for_reason(self, plan, text):
        """Waits until the monitor says why the device is not being upgraded."""
        for _ in range(200):
            for device in self.center.cli("monitor", plan)["devices"]:
                if text in (device["why_not"] or ""):
                    return device
        self.fail(f"no device waits because of {text!r}: {self.center.cli('monitor', plan)}")


class Downloads(CenterCase):
    def setUp(self):
        super().setUp()
        self.content = bytes(range(256)) * 4
        self.plan(self.package(self.file("fw.bin", self.content)))
        board = self.board()
        # The file server is out of reach: the address stays open.
        self.files.refuse = True
        board.power_on().wait_for("otaPlan")
        self.address = self.wait_for_address()

    def wait_for_address(self):
        """The address that the device was told, from the Center's database."""
        import sqlite3

        for _ in range(400):
            with sqlite3.connect(os.path.join(self.center.folder, "center.db"), timeout=10) as database:
                row = database.execute("SELECT token FROM download").fetchone()
            if row:
                return f"/d/{row[0]}/fw.bin"
            threading.Event().wait(0.02)
        self.fail("the device was told no address")

    def get(self, method="GET", path=None, **headers):
        connection = http.client.HTTPConnection(self.center.http, timeout=10)
        connection.request(
            method, path or self.address, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def test_a_file_comes_whole_or_in_the_range_asked_for(self):
        answer, body = self.get()
        self.assertEqual((answer.status, body), (200, self.content))
        answer, body = self.get(Range=PART)
        self.assertEqual((answer.status, body), (206, self.content[10:20]))
        self.assertEqual(answer.headers["Content-Range"], f"bytes 10-19/{len(self.content)}")
        answer, _ = self.get(Range=f"bytes={len(self.content)}-")
        self.assertEqual((answer.status, answer.headers["Content-Range"]), (416, f"bytes */{len(self.content)}"))

    def test_a_range_is_given_only_of_the_content_that_the_device_knows(self):
        tag = self.get("HEAD")[0].headers["ETag"]
        self.assertEqual(self.get(Range=PART, If_Range=tag)[0].status, 206)
        self.assertEqual(self.get(Range=PART, If_Range='"other"')[0].status, 200)

    def test_head_tells_the_size_without_the_content(self):
        answer, body = self.get("HEAD")
        self.assertEqual((answer.status, answer.headers["Content-Length"], body), (200, str(len(self.content)), b""))

    def test_an_address_can_not_be_guessed_and_ends_with_the_upgrade(self):
        self.assertEqual(len(self.address.split("/")[2]), 32)
        answer, body = self.get(path="/d/" + "0" * 32 + "/fw.bin")
        self.assertEqual(answer.status, 404)
        self.assertIn("expired", json.loads(body)["detail"])
        self.files.refuse = False
        self.boards[0].process.wait_for("fotaResult: QTH-UNIX True", timeout=60)
        self.wait_for_state("1", "upgraded")
        self.assertEqual(self.get()[0].status, 404)


class Survival(CenterCase):
    def test_nothing_that_was_acknowledged_is_lost_by_a_kill(self):
        pick = random.Random(20261123)
        acknowledged = set()
        for round in range(5):
            kill_after = pick.randrange(3, 25)
            timer = None
            try:
                for number in range(60):
                    key = f"p{round}x{number}"
                    body = json.dumps({"key": key, "secret": "s" * 16, "name": key}).encode()
                    request = urllib.request.Request(
                        self.center.url + "/api/v1/products", body, {"content-type": "application/json"}
                    )
                    if number == kill_after:
                        # While requests go on, so that it hits one under way.
                        timer = threading.Timer(pick.random() / 100, self.center.kill)
                        timer.start()
                    with urllib.request.urlopen(request, timeout=10) as answer:
                        if answer.status == 201:
                            acknowledged.add(key)
            except (OSError, http.client.HTTPException):
                pass
            self.assertIsNotNone(timer)
            timer.join()
            self.center.start()
            there = {product["key"] for product in self.center.cli("product", "list")}
            self.assertLessEqual(acknowledged, there)
        self.assertGreater(len(acknowledged), 5)

    def test_a_package_is_there_after_a_kill_with_its_content(self):
        image = self.image(300_000)
        package = self.package(image)
        self.center.kill()
        self.center.start()
        self.plan(package)
        self.board().power_on().wait_for("fotaResult: QTH-UNIX True")


if __name__ == "__main__":
    unittest.main()
