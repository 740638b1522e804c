# The Python application as a component of its own: `micropython -m application` starts it out of its folder.
#
# A package is unpacked beside the application; the next start puts it in the application's place, on trial. It stays once the
# Center has acknowledged its version (Qth.setAppVer). An exception before that, or three starts, and the one before comes back.
import json
import os
import sys

import Qth

import _board
import machine
import unpack
from ql_fs import mkdirs, path_dirname, path_exists, rmdirs

STARTS = 3

# Faults, in the order of QthFault in qth.h.
ARCHIVE, KNOWN_BAD, DID_NOT_START, SPACE = range(4)

_package = None  # MD5 and size of the package that is being downloaded
_on_result = None  # the script's callback; setAppVer sets it


class Application:
    """The folders, and what is known of them: all of it survives a power cut at any point."""

    def __init__(self, root):
        self.root = root
        self.new = root + ".new"
        self.old = root + ".old"
        self._state = root + ".json"
        self.was_updated = False  # at this start

    def state(self):
        """`stage`: ready, trial or reverting; `untried`: what is ready needs no trial; `starts` that are left on trial; `md5` of
        the package; `bad`: MD5 of the last that was reverted; `reverted`: nobody was told yet."""
        try:
            with open(self._state) as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def _save(self, state):
        with open(self._state + ".new", "w") as file:
            json.dump(state, file)
        os.rename(self._state + ".new", self._state)

    def stage(self, md5, size, read):
        """Unpacks a package for the next start; where it has no main.py or main.mpy, its files replace or join those that are
        there. Raises unpack.Refused, or OSError where there is no space."""
        _remove(self.new)
        mkdirs(path_dirname(self.new) or ".")
        try:
            unpack.unpack(self.new, size, read)
            if not _has_main(self.new) and path_exists(self.root):
                unpack.add(self.new, self.root)
            if not _has_main(self.new):
                raise unpack.Refused("neither it nor the application has a main.py or main.mpy")
        except (unpack.Refused, OSError):
            # What was unpacked until then may fill the flash.
            _remove(self.new)
            raise
        state = self.state()
        state.pop("untried", None)
        state.update({"stage": "ready", "md5": md5})
        self._save(state)

    def stage_files(self, folder):
        """Has the files of a folder take the places of those that the application has, at the next start and without a trial."""
        _remove(self.new)
        os.rename(folder, self.new)
        if path_exists(self.root):
            unpack.add(self.new, self.root)
        state = self.state()
        state.update({"stage": "ready", "untried": True, "md5": None})
        self._save(state)

    def start(self):
        """What has to be done before the application is run."""
        state = self.state()
        if state.get("stage") == "ready":
            if path_exists(self.new):
                if path_exists(self.root):
                    _remove(self.old)
                    os.rename(self.root, self.old)
                os.rename(self.new, self.root)
            self.was_updated = True
            if state.get("untried"):
                self._keep(state)
                return
            state.update({"stage": "trial", "starts": STARTS})
        if state.get("stage") == "trial":
            if state["starts"] > 0:
                state["starts"] -= 1
                self._save(state)
            else:
                self.revert()
        elif state.get("stage") == "reverting":
            self.revert()

    def is_on_trial(self):
        return self.state().get("stage") == "trial"

    def revert(self):
        """Puts the application before this one back."""
        md5 = self.state().get("md5")
        self._save({"stage": "reverting", "md5": md5})
        if path_exists(self.old):
            _remove(self.root)
            os.rename(self.old, self.root)
        self._save({"bad": md5, "reverted": True})

    def confirm(self):
        """It stays."""
        state = self.state()
        if state.get("stage") == "trial":
            self._keep(state)

    def _keep(self, state):
        self._save({"bad": state["bad"]} if "bad" in state else {})
        _remove(self.old)

    def give_up(self):
        """The upgrade has failed: what is unpacked is not started; what is on trial has no starts left. True: it runs now."""
        state = self.state()
        stage = state.pop("stage", None)
        if stage == "ready":
            self._save(state)
            _remove(self.new)
        elif stage == "trial":
            self._save(dict(state, stage="trial", starts=0))
            return True
        return False

    def forget_revert(self):
        state = self.state()
        state.pop("reverted", None)
        self._save(state)

    def run(self):
        """Runs boot.py, where there is one, and main.py or main.mpy of /usr, which this application's folder has to be."""
        self.start()
        # Last, as on a device: what the firmware has comes before files of the application.
        sys.path.append("/usr")
        try:
            if path_exists("/usr/boot.py"):
                execfile("/usr/boot.py", {"__name__": "boot"})
            if path_exists("/usr/main.py"):
                execfile("/usr/main.py", {"__name__": "__main__"})
            else:
                __import__("usr.main")
        except Exception as error:
            if not self.is_on_trial():
                raise
            sys.print_exception(error)
            print("application: it failed on trial, the one before comes back")
            self.revert()
            machine.reset()


def _has_main(folder):
    return path_exists(folder + "/main.py") or path_exists(folder + "/main.mpy")


def _remove(folder):
    if path_exists(folder):
        rmdirs(folder)


application = Application(_board.usr())


# The handlers of the component: cmodule/qth/upgrade.c registers them.


def info(component, version, url, size, md5, crc):
    global _package
    state = application.state()
    if state.get("bad") == md5:
        Qth._applicationFailed(DID_NOT_START if state.get("reverted") else KNOWN_BAD)
        application.forget_revert()
    elif state.get("md5") != md5 or "stage" not in state:
        _package = (md5, size)
        if not Qth.otaAction(2):
            Qth._applicationFailed(SPACE)


def install():
    if not _package:
        return
    try:
        md5, size = _package
        # What was announced is the size of the file; in a signed package the application is a little shorter.
        while size > 1 and not Qth.mcuFWDataRead(size - 1, 1):
            size -= 1
        application.stage(md5, size, Qth.mcuFWDataRead)
    except unpack.Refused as error:
        print("application: package refused:", error)
        Qth._applicationFailed(ARCHIVE)
    except (OSError, MemoryError) as error:
        print("application: package can't be unpacked:", error)
        Qth._applicationFailed(SPACE)
    else:
        Qth.otaAction(3)


def result(component, success):
    if success:
        application.confirm()
    runs = not success and application.give_up()
    try:
        _on_result(component, success)
    finally:
        if runs:
            machine.reset()


if __name__ == "__main__":
    application.run()
