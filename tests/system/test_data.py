"""A person and a device send each other data, by command line and REST API."""

import json
import subprocess
import urllib.error
import urllib.request

from case import DK, SystemCase
from center import QTH_CENTER

SCRIPT = """
Qth.setEventCb({'recvTrans': lambda data: print('recvTrans:', data), 'recvTsl': lambda values: print('recvTsl:', values),
                'readTsl': lambda ids, package: print('ackTsl:', Qth.ackTsl(1, {11: 'b', 2: {12: 1, 3: 2}}, package)),
                'readTslServer': lambda id, value, package: print('called:', id, value)})
"""


class Data(SystemCase):
    def device(self):
        board = self.board(self.script(before_start=SCRIPT)).power_on()
        board.wait_for("devEvent: 2 0")
        return board

    def post(self, path, body):
        """Status and answer of the REST API."""
        request = urllib.request.Request(
            f"{self.center.url}/api/v1/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def refused(self, *arguments):
        """What the command line says when it fails."""
        command = [QTH_CENTER, *arguments, "--center", self.center.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def test_everything_that_is_sent_reaches_the_device(self):
        board = self.device()
        self.center.cli("device", "send", DK, "on")
        board.wait_for("recvTrans: b'on'")
        self.center.cli("device", "send", DK, "00ff", "--hex")
        board.wait_for("recvTrans: b'\\x00\\xff'")
        self.center.cli("device", "write", DK, "1=true", "2=-5", "3=2.5", "4=text", '5={"1": [1, 2]}', '6={"hex": "ff"}')
        board.wait_for("recvTsl: {")
        line = board.wait_for("recvTsl: {")
        for item in ("1: True", "2: -5", "3: 2.5", "4: 'text'", "5: {1: [1, 2]}", "6: b'\\xff'"):
            self.assertIn(item, line)
        self.assertEqual(self.post(f"devices/{DK}/send", {"text": "REST"}), (200, {"sent": True, "answer": None}))
        board.wait_for("recvTrans: b'REST'")

    def test_an_answer_is_shown_as_the_device_gave_it(self):
        board = self.device()
        answer = self.center.cli("device", "read", DK, "tsl")
        board.wait_for("ackTsl: True")
        self.assertEqual(answer["answer"], {"11": "b", "2": {"12": 1, "3": 2}})
        # One that is not awaited is kept all the same.
        self.center.cli("device", "call", DK, "10", "1=5", "--wait", "0")
        board.wait_for("called: 10 {1: 5}")

    def test_a_device_that_is_offline_gets_nothing_and_the_person_is_told(self):
        board = self.device()
        board.kill()
        self.wait_until(lambda: not self.center.cli("device", "show", DK)[0]["online"])
        self.assertIn("the device is offline; nothing was sent", self.refused("device", "send", DK, "on"))
        status, answer = self.post(f"devices/{DK}/write", {"1": True})
        self.assertEqual((status, answer["error"]), (409, "conflict"))

    def test_what_can_not_be_sent_is_refused_in_words(self):
        self.device()
        for path, body, says in (
            ("call", {"service": "ten", "value": {}}, "service"),
            ("call", {"service": 10}, "missing field `value`"),
            ("read", {"what": "weather"}, "weather"),
            ("read", {"what": "location", "ids": [1]}, "a location has no ids"),
            ("read", {"what": "tsl", "wait": 100}, "wait is 0 to 60 seconds"),
            ("write", [1], ""),
            ("send", {"hex": "0"}, ""),
        ):
            status, answer = self.post(f"devices/{DK}/{path}", body)
            self.assertEqual((status, answer["error"]), (400, "invalid"), answer)
            self.assertIn(says, answer["detail"])
        self.assertEqual(self.post("devices/nobody/write", {"1": 1})[0], 404)
        self.assertIn("no device 'nobody'", self.refused("device", "data", "nobody"))
