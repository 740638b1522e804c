# QuecPython's machine beside the port's own: pins, buses, serial lines and clocks of a board that has none of them.
from umachine import *

import _board

from .analog import ADC, PWM
from .bus import I2C, SPI, I2C_simulation, OneWire, SoftSPI
from .clock import RTC, WDT, Timer
from .pin import ExtInt, KeyPad, Pin
from .uart import UART

_ABSENT = {"LCD": "it has no screen"}
__getattr__ = _board.absent(__name__, _ABSENT)
