"""Power, its key, USB and voltages."""

from typing import Any, Callable

from machine import ADC as ADC
from machine import PWM as PWM

class PWM_V2:
    """Outputs of pulses, by frequency and duty.

    Simulated: nobody sees them."""

    PWM0: int
    PWM1: int
    PWM2: int
    PWM3: int

    def __init__(self, PWMn: int, frequency: float, duty: int) -> None:
        """Hertz and percent."""
    def open(self, frequency: float | None = None, duty: int | None = None) -> int:
        """Begins: 0."""
    def close(self) -> int:
        """Ends: 0."""

class Power:
    """Power.

    Simulated: the power switch `qth-board` is the battery."""

    @staticmethod
    def powerRestart() -> None:
        """Restarts the module."""
    @staticmethod
    def powerDown() -> None:
        """Turns it off."""
    @staticmethod
    def powerOnReason() -> int:
        """1, the power key."""
    @staticmethod
    def powerDownReason() -> int:
        """1, normally."""
    @staticmethod
    def getVbatt() -> int:
        """The battery's voltage in millivolts, 3808."""

class PowerKey:
    """The power key.

    Simulated: the file `powerkey` in the folder `QTH_PINS`, 1 while it is pressed."""

    def __init__(self) -> None: ...
    def powerKeyEventRegister(self, usrFun: Callable[[int], Any]) -> int:
        """usrFun(1) when it is pressed, usrFun(0) when it is released: 0."""

class USB:
    """The USB socket.

    Simulated: the file `usb` in the folder `QTH_PINS`, 1 while it is plugged in."""

    def __init__(self) -> None: ...
    def getStatus(self) -> int:
        """1 while it is plugged in."""
    def setCallback(self, usrFun: Callable[[int], Any]) -> int:
        """usrFun(1) when it is plugged in, usrFun(0) when it is pulled out: 0."""
