"""An MCU on a serial line: an application that measures, and a bootloader that takes firmware by Ymodem."""

import binascii
import os
import pty
import select
import threading
import tty

SOH, STX, EOT, ACK, NAK = 0x01, 0x02, 0x04, 0x06, 0x15


class Gone(Exception):
    pass


class Stm32:
    """Its firmware begins with its version and a line end; it keeps it when the gateway loses power."""

    def __init__(self, firmware):
        self.firmware = firmware
        self.temperature = 23.5
        self.updates = 0
        # Called with the number of each block that has come.
        self.on_block = lambda number: None
        self._line, self._other_end = pty.openpty()
        tty.setraw(self._other_end)
        self.path = os.ttyname(self._other_end)
        self._over, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def version(self):
        return self.firmware.split(b"\n")[0].decode()

    def close(self):
        os.write(self._stop, b"x")
        self._thread.join(10)
        for file in (self._line, self._other_end, self._over, self._stop):
            os.close(file)

    def _read(self, length, seconds):
        """Exactly so many bytes; None when they do not come in time."""
        data = b""
        while len(data) < length:
            ready, _, _ = select.select([self._line, self._over], [], [], seconds)
            if self._over in ready:
                raise Gone
            if not ready:
                return None
            data += os.read(self._line, length - len(data))
        return data

    def _run(self):
        try:
            while True:
                self._application()
                self._bootloader()
        except Gone:
            pass

    def _application(self):
        line = b""
        while True:
            byte = self._read(1, 0.2)
            if byte is None:
                os.write(self._line, b"T %.1f\n" % self.temperature)
                continue
            line += byte
            if not line.endswith(b"\n"):
                continue
            command, line = line, b""
            if command == b"BOOT\n":
                return
            if command == b"VERSION?\n":
                os.write(self._line, b"VERSION %s\n" % self.version.encode())

    def _block(self):
        """Number and data of the next good block; None at the end of the file, False when nothing came."""
        while True:
            kind = self._read(1, 0.5)
            if kind is None:
                return False
            if kind[0] == EOT:
                return None
            if kind[0] not in (SOH, STX):
                continue
            block = self._read(2 + (128 if kind[0] == SOH else 1024) + 2, 0.5)
            if block and block[0] ^ block[1] == 0xFF and binascii.crc_hqx(block[2:], 0) == 0:
                return block[0], block[2:-2]
            os.write(self._line, bytes([NAK]))

    def _bootloader(self):
        """Takes a file; without a whole one the old firmware starts again."""
        for _ in range(60):
            os.write(self._line, b"C")
            first = self._block()
            if first:
                break
        else:
            return
        size = int(first[1].split(b"\0")[1])
        os.write(self._line, bytes([ACK]) + b"C")
        data, expected = b"", 1
        while block := self._block():
            number, piece = block
            if number == expected & 0xFF:
                data += piece
                self.on_block(expected)
                expected += 1
            os.write(self._line, bytes([ACK]))
        if block is False:
            return
        os.write(self._line, bytes([NAK]))
        if self._read(1, 1) == bytes([EOT]):
            os.write(self._line, bytes([ACK]) + b"C")
            if self._block():
                os.write(self._line, bytes([ACK]))
            self.firmware = data[:size]
            self.updates += 1
