"""A process whose output is kept line by line and can be waited for."""

import contextlib
import os
import signal
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")


class Process:
    """Runs a command in a process group of its own; `show` is called with each line as it comes."""

    def __init__(self, command, env=None, show=None):
        self.lines = []
        self._changed = threading.Condition()
        self._show = show
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            line = line.rstrip("\n")
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
            if self._show:
                self._show(line)
        self._process.stdout.close()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, text, timeout=30, count=1):
        """Waits until `count` lines contain `text`; returns the last of them."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [line for line in self.lines if text in line]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                over = self._process.poll() is not None and not self._reader.is_alive()
                if left <= 0 or over:
                    why = f"ended with {self._process.returncode}" if over else f"within {timeout} s"
                    raise AssertionError(f"no line with {text!r} ({why}); the output was:\n" + self.output())
                self._changed.wait(min(left, 0.2))

    def output(self):
        return "\n".join(self.lines)

    def is_running(self):
        return self._process.poll() is None

    def wait(self, timeout=30):
        code = self._process.wait(timeout)
        self._reader.join(5)
        return code

    def type(self, text):
        """Types at the terminal."""
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def interrupt(self):
        """Ctrl-C: the signal goes to the whole group, as from a terminal."""
        self._signal(signal.SIGINT)

    def kill(self):
        """A power cut: the whole group at once, without a word."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._reader.join(5)
        # A process closes its output before its other files: the flash is free only when it is gone.
        deadline = time.monotonic() + 10
        while self._group_lives() and time.monotonic() < deadline:
            time.sleep(0.005)

    def _group_lives(self):
        """A process of the group is left that is no zombie."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    # Behind the name, which may hold anything: state, parent, process group.
                    state, _, group = file.read().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(group) == self._process.pid and state not in "ZX":
                return True
        return False

    def kill_alone(self):
        """Kills the process itself and leaves its children to notice."""
        self._process.kill()
        self._process.wait()

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
