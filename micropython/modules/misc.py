# QuecPython's misc: power.
import _firmware

import _board
import machine


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
