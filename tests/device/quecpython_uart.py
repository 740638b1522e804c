# machine.UART on a line that is not there, beside the port's own machine.
import errno

import machine
from machine import UART

print(UART.UART0, UART.UART2)
try:
    UART(UART.UART3, 115200, 8, 0, 1, 0)
except OSError as error:
    print(error.errno == errno.ENODEV)
print(callable(machine.reset), machine.mem8 is not None)
