"""A command at a terminal, where it shows what it shows to people: progress, colours."""

import os
import pty
import subprocess


def run(*command, cwd=None):
    """Runs a command whose output goes to a terminal; its exit status and all that it wrote."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=its, stderr=its)
    os.close(its)
    written = b""
    try:
        while more := os.read(ours, 65536):
            written += more
    except OSError:
        pass  # This is how Linux says that nobody has the terminal open any more.
    os.close(ours)
    return process.wait(), written.decode()
