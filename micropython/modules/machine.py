# QuecPython's machine.UART beside the port's own machine: a serial line that the environment names, QTH_UART0 to QTH_UART4,
# as the path of a terminal.
import errno
import os
import select

from umachine import *


class UART:
    UART0, UART1, UART2, UART3, UART4 = range(5)

    def __init__(self, number, baudrate=115200, databits=8, parity=0, stopbits=1, flowctl=0):
        path = os.getenv("QTH_UART%d" % number)
        if not path:
            raise OSError(errno.ENODEV)
        self._line = open(path, "r+b")
        self._poll = select.poll()
        self._poll.register(self._line, select.POLLIN)
        self._received = b""

    def any(self):
        while self._poll.poll(0) and len(self._received) < 4096:
            byte = self._line.read(1)
            if not byte:
                break
            self._received += byte
        return len(self._received)

    def read(self, length):
        self.any()
        data = self._received[:length]
        self._received = self._received[length:]
        return data

    def write(self, data):
        return self._line.write(data)

    def close(self):
        self._line.close()
        return 0
