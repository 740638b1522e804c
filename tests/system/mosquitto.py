"""A Mosquitto of a test's own."""

import shutil
import socket

from process import Process


class Mosquitto:
    def __init__(self):
        self.program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        assert self.program, "mosquitto is missing; install it: apt-get install -y mosquitto"
        # Between looking for a free port and listening on it another may take it: then once more.
        for _ in range(10):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            if self.start():
                return
        raise AssertionError("mosquitto ends at once on ten different ports")

    def start(self):
        """Whether it runs now."""
        self._process = Process([self.program, "-v", "-p", str(self.port)])
        try:
            self._process.wait_for(" running")
        except AssertionError:
            self._process.kill()
            return False
        return True

    def wait_for(self, text, count=1):
        return self._process.wait_for(text, count=count)

    def kill(self):
        self._process.kill()
