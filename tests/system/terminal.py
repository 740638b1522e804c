"""A command at a terminal, where it shows what it shows to people: progress, colours."""

import os
import pty
import subprocess
import threading


def run(*command, cwd=None, timeout=120):
    """Runs a command whose output goes to a terminal, kills it after so many seconds; its exit status and all that it wrote."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=its, stderr=its)
    os.close(its)
    limit = threading.Timer(timeout, process.kill)
    limit.start()
    written = b""
    try:
        while more := os.read(ours, 65536):
            written += more
    except OSError:
        pass  # This is how Linux says that nobody has the terminal open any more.
    os.close(ours)
    status = process.wait()
    limit.cancel()
    return status, written.decode()
