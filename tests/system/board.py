"""A board: flash in a file, and the power switch that runs firmware out of it."""

import os

from process import BUILD, Process

QTH_BOARD = os.path.join(BUILD, "unix", "qth-board")
MICROPYTHON = os.path.join(BUILD, "unix", "micropython")


class Board:
    def __init__(
        self, folder, script, server, version="1.0.0", interpreter=MICROPYTHON, image=None, layout=None, show=None, **env
    ):
        self.flash = os.path.join(folder, "flash.bin")
        self._options = ["--flash", self.flash, "--factory", image or MICROPYTHON, "--factory-version", version]
        if layout:
            self._options += ["--layout", layout]
        if interpreter:
            self._options += ["--interpreter", interpreter]
        self._arguments = [script] if isinstance(script, str) else script
        self._show = show
        self._env = {"QTH_SERVER": "mqtt://" + server, "QTH_DK": "866123456789012", **env}
        self.process = None

    def power_on(self):
        self.process = Process([QTH_BOARD, *self._options, *self._arguments], env=self._env, show=self._show)
        return self.process

    def cut_power(self):
        """kill -9 of everything on the board, at once."""
        self.process.kill()
