"""A Developer Center in a folder of its own, on free ports of the loopback interface."""

import json
import os
import subprocess
import time

from process import BUILD, Process

QTH_CENTER = os.path.join(BUILD, "qth-center")


class Center:
    def __init__(self, folder, public_url=None, show=None):
        self.folder = folder
        self._public_url = public_url
        self._show = show
        self._ports = None
        self.start()

    def start(self):
        """Starts, or starts again on the same ports as before."""
        addresses = os.path.join(self.folder, "addresses.json")
        if os.path.exists(addresses):
            os.remove(addresses)
        mqtt, http = self._ports or ("127.0.0.1:0", "127.0.0.1:0")
        command = [QTH_CENTER, "serve", "--data", self.folder, "--mqtt", mqtt, "--http", http]
        if self._public_url:
            command += ["--public-url", self._public_url]
        self.process = Process(command, show=self._show)
        deadline = time.monotonic() + 30
        while not os.path.exists(addresses):
            if time.monotonic() > deadline or not self.process.is_running():
                raise AssertionError("the Center does not start:\n" + self.process.output())
            time.sleep(0.02)
        with open(addresses) as file:
            listening = json.load(file)
        self.mqtt, self.http = listening["mqtt"], listening["http"]
        self._ports = (self.mqtt, self.http)
        self.url = "http://" + self.http

    def kill(self):
        """kill -9."""
        self.process.kill()

    def cli(self, *args):
        """Runs a client command with --json; returns what it printed, read."""
        printed = self.text(*args, "--json")
        return json.loads(printed) if printed.strip() else None

    def text(self, *args):
        """Runs a client command; returns what it prints for people."""
        done = subprocess.run([QTH_CENTER, *args, "--center", self.url], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"qth-center {' '.join(args)}: {done.stderr or done.stdout}")
        return done.stdout
