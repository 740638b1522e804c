"""Applications in the patterns of public device scripts, tests/scripts, as they are on a real board with a real Center."""

import http.server
import json
import os
import shutil
import threading

import websocket
from case import DK, SystemCase
from mosquitto import Mosquitto
from process import ROOT


class Scripts(SystemCase):
    def application(self, name, **files):
        """Starts an application, with these files besides."""
        self.usr = os.path.join(self.folder, "usr")
        shutil.copytree(os.path.join(ROOT, "tests", "scripts", name), self.usr)
        for file, text in files.items():
            with open(os.path.join(self.usr, file + ".txt"), "w") as output:
                output.write(text)
        self.pins = os.path.join(self.folder, "pins")
        os.mkdir(self.pins)
        return self.board(["-m", "application"], QTH_USR=self.usr, QTH_PINS=self.pins).power_on()

    def data(self):
        """The last value of each TSL id."""
        return {entry["id"]: entry["value"] for entry in self.center.cli("device", "data", DK)}

    def history(self, kind):
        return str(self.center.cli("device", "history", DK, "--kind", kind))

    def test_a_logging_library_with_a_lock_is_shared_by_main_threads_and_callbacks(self):
        board = self.application("shared_logging")
        board.wait_for("[callback] [INFO] devEvent 2 0")
        for number in range(5):
            self.center.cli("device", "send", DK, f"message {number}")
            board.wait_for(f"[callback] [INFO] recvTrans b'message {number}'")
        board.wait_for("received all")
        self.assertIn("[thread 1]", board.output())

    def test_threads_with_small_stacks_do_everything(self):
        board = self.application("small_stacks")
        board.wait_for("main ends")
        board.wait_for("init: True")
        board.wait_for("devEvent: 2 0")
        self.center.cli("device", "write", DK, "1=true", "2=3")
        self.wait_until(lambda: self.data() == {1: True, 2: 2})
        self.assertNotIn("the worker has ended", board.output())

    def test_a_client_class_answers_from_its_callbacks(self):
        board = self.application("class_client")
        board.wait_for("devEvent: 2 0")
        self.wait_until(lambda: self.data() == {1: 21.5, 2: "on", 3: True})
        self.assertIn("$LBS,460,0,26909,94938126,-79,0*", self.history("location"))
        self.center.cli("device", "write", DK, "2=off")
        board.wait_for("recvTsl: {2: 'off'}")
        self.assertIn("off", str(self.center.cli("device", "read", DK, "tsl", "1", "2")))
        self.assertIn("done", str(self.center.cli("device", "call", DK, "7", "1=true")))
        board.wait_for("readTslServer: 7 {1: True}")

    def test_boot_and_main_and_what_they_leave_in_usr(self):
        board = self.application("boot_and_main")
        board.wait_for("main: 2 ['boot.py', 'data', 'main.py'] ['settings.json'] /usr")
        board.wait_for("devEvent: 2 0")
        with open(os.path.join(self.usr, "data", "settings.json")) as file:
            self.assertEqual(json.load(file), {"starts": 2})

    def test_a_tracker_reports_when_it_is_online_and_when_its_button_is_pressed(self):
        board = self.application("tracker")
        board.wait_for(f"network: 3 1 1 1 {DK}")
        board.wait_for("sentences GGA GSA GSV RMC")
        board.wait_for("reported: online [True, True]")
        self.wait_until(lambda: self.data() == {1: "online", 2: 21, 3: 3808})
        with open(os.path.join(self.pins, "44"), "w") as file:
            file.write("1")
        board.wait_for("reported: button [True, True]")
        self.wait_until(lambda: self.data()[1] == "button")
        self.wait_until(lambda: self.history("location").count("$GNGGA,") == 2)
        self.assertEqual(self.history("location").count("$LBS,1,1,1,257,-71,0*"), 2)
        with open(os.path.join(self.pins, "1")) as file:
            self.assertEqual(file.read().strip(), "0")

    def test_a_chat_on_a_websocket(self):
        server = websocket.Websocket()
        self.addCleanup(server.close)
        board = self.application("chat", url=server.url)
        self.assertIn(f"Device: {DK}", server.accept())
        board.wait_for("devEvent: 2 0")
        self.center.cli("device", "send", DK, "how are you?")
        self.assertEqual(server.receive(), (websocket.TEXT, b"how are you?"))
        server.send(websocket.PING, b"alive")
        self.assertEqual(server.receive(), (websocket.PONG, b"alive"))
        # In two frames, with another one between them.
        server.send(websocket.TEXT, b"well, ", is_final=False)
        server.send(websocket.PONG, b"")
        server.send(0, "thäñks".encode())
        board.wait_for("chat: str 12")
        server.send(websocket.BINARY, bytes(70_000))
        board.wait_for("chat: bytes 70000")
        self.wait_until(lambda: "70000 bytes" in self.history("transparent"))
        self.assertIn("well, thäñks", self.history("transparent"))
        server.send(websocket.CLOSE, b"\x03\xe8")
        self.assertEqual(server.receive(), (websocket.CLOSE, b"\x03\xe8"))
        board.wait_for("chat: closed")
        board.wait_for("ENOTCONN")
        self.assertEqual(board.wait(), 0)

    def test_a_package_names_its_parts_and_the_module_in_every_way(self):
        board = self.application("package")
        board.wait_for("one module: True True True")
        board.wait_for("devEvent: 2 0")
        self.assertEqual(board.output().count("settings are loaded"), 1)

    def test_an_application_fetches_its_own_files(self):
        files = {
            "/newest.json": b'{"version": "2", "files": ["version.py", "added/one.py"]}',
            "/news": ("äö水🚲" * 50).encode(),
            "/version.py": b"from added.one import VERSION\n",
            "/added/one.py": b'VERSION = "2"\n',
        }
        reports = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(files.get(self.path))

            def do_POST(self):
                reports.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(b"thanks")

            def answer(self, body):
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        board = self.application("downloads", url=f"http://127.0.0.1:{server.server_port}")
        board.wait_for("version 1")
        board.wait_for("newest 200 2")
        board.wait_for("posted 200 thanks")
        board.wait_for("news True")
        board.wait_for("download -1 None")
        board.wait_for("version 2")
        board.wait_for("newest 200 2", count=2)
        self.assertEqual(reports[0], b'{"version": "1"}')
        board.kill()
        again = self.boards[0].power_on()
        again.wait_for("version 2")
        self.assertFalse(os.path.exists(self.usr + ".old"))

    def test_a_second_cloud_by_mqtt_comes_back(self):
        broker = Mosquitto()
        self.addCleanup(lambda: broker.kill())
        board = self.application("cloud", port=str(broker.port))
        board.wait_for("connect: 0 0")
        board.wait_for("received: b'to/device' b'first'")
        broker.kill()
        board.wait_for("lost: 2")
        self.assertTrue(broker.start())
        board.wait_for("received: b'to/device' b'again'")
