# QuecPython's misc: power, its key, USB, and what machine has too.
import _firmware

import _board
import _levels
import _watch
import machine
from machine import ADC, PWM


class PWM_V2:
    PWM0, PWM1, PWM2, PWM3 = range(4)

    def __init__(self, PWMn, frequency, duty):
        pass

    def open(self, frequency=None, duty=None):
        return 0

    def close(self):
        return 0


class Power:
    @staticmethod
    def powerRestart():
        machine.reset()

    @staticmethod
    def powerDown():
        _firmware.power_off()

    @staticmethod
    def powerOnReason():
        return 1  # the power key

    @staticmethod
    def powerDownReason():
        return 1  # normally

    @staticmethod
    def getVbatt():
        return _board.millivolts()


class _Level:
    """Tells a callback when an input changes."""

    def __init__(self, name):
        self._name = name
        self._callback = None
        self._level = 0

    def _look(self):
        level = _levels.get(self._name)
        if level != self._level:
            self._level = level
            self._callback(level)

    def _tell(self, callback):
        self._level = _levels.get(self._name)
        self._callback = callback
        _watch.add(self._look)
        return 0


class PowerKey(_Level):
    def __init__(self):
        super().__init__("powerkey")

    def powerKeyEventRegister(self, usrFun):
        return self._tell(usrFun)


class USB(_Level):
    def __init__(self):
        super().__init__("usb")

    def getStatus(self):
        return _levels.get("usb")

    def setCallback(self, usrFun):
        return self._tell(usrFun)


_ABSENT = {"USBNET": "it has no USB", "antennaSecRXOffCtrl": "it has no antenna"}
__getattr__ = _board.absent(__name__, _ABSENT)
