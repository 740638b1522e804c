# Serial lines that the environment names, QTH_UART0 to QTH_UART4, each as the path of a terminal.
import errno
import os
import select

import _watch

from .pin import Pin


class UART:
    UART0, UART1, UART2, UART3, UART4 = range(5)

    def __init__(self, UARTn, baudrate=115200, databits=8, parity=0, stopbits=1, flowctl=0):
        path = os.getenv("QTH_UART%d" % UARTn)
        if not path:
            raise OSError(errno.ENODEV)
        self._number = UARTn
        self._line = open(path, "r+b")
        self._poll = select.poll()
        self._poll.register(self._line, select.POLLIN)
        self._received = b""
        self._callback = None
        self._told = 0  # bytes that the callback knows of
        self._direction = None  # pin and level while it sends, of an RS-485 line

    def any(self):
        while self._poll.poll(0) and len(self._received) < 4096:
            byte = self._line.read(1)
            if not byte:
                break
            self._received += byte
        return len(self._received)

    def read(self, nbytes):
        self.any()
        data = self._received[:nbytes]
        self._received = self._received[nbytes:]
        self._told = max(0, self._told - len(data))
        return data

    def write(self, data):
        if not self._direction:
            return self._line.write(data)
        pin, level = self._direction
        pin.write(level)
        sent = self._line.write(data)
        pin.write(not level)
        return sent

    def _look(self):
        received = self.any()
        if received > self._told:
            self._told = received
            self._callback([0, self._number, received])

    def set_callback(self, fun):
        _watch.remove(self._look)
        self._callback = fun
        if fun:
            _watch.add(self._look)
        return 0

    def control_485(self, GPIOn, direction):
        self._direction = (Pin(GPIOn, Pin.OUT, Pin.PULL_DISABLE, not direction), direction)
        return 0

    def close(self):
        _watch.remove(self._look)
        self._line.close()
        return 0
