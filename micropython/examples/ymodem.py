# Sends a file by Ymodem over a machine.UART, as the bootloaders of STM32 and other MCUs take it.
import utime

SOH, STX, EOT, ACK, NAK, CAN = 0x01, 0x02, 0x04, 0x06, 0x15, 0x18
REQUEST = 0x43  # 'C': the receiver wants blocks with CRC-16
TRIES = 10
SECONDS = 10


class Failed(Exception):
    pass


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _answer(uart):
    """The receiver's next byte; None when none comes in time."""
    deadline = utime.ticks_add(utime.ticks_ms(), SECONDS * 1000)
    while not uart.any():
        if utime.ticks_diff(deadline, utime.ticks_ms()) <= 0:
            return None
        utime.sleep_ms(1)
    return uart.read(1)[0]


def _wait_for(uart, wanted):
    for _ in range(TRIES * 20):  # what is not meant for us may come before
        answer = _answer(uart)
        if answer == wanted:
            return
        if answer is None or answer == CAN:
            break
    raise Failed("the MCU does not answer")


def _send_block(uart, number, data, size):
    data = data + (b"\0" if number == 0 else b"\x1a") * (size - len(data))
    crc = crc16(data)
    block = bytes((SOH if size == 128 else STX, number & 0xFF, ~number & 0xFF)) + data + bytes((crc >> 8, crc & 0xFF))
    for _ in range(TRIES):
        uart.write(block)
        answer = _answer(uart)
        if answer == ACK:
            return
        if answer == CAN:
            break
    raise Failed("the MCU refuses block %d" % number)


def send(uart, name, size, read):
    """Sends a file of `size` bytes; read(offset, length) gives its bytes. Raises Failed."""
    _wait_for(uart, REQUEST)
    _send_block(uart, 0, name.encode() + b"\0" + str(size).encode() + b"\0", 128)
    _wait_for(uart, REQUEST)
    offset, number = 0, 1
    while offset < size:
        data = read(offset, min(1024, size - offset))
        if not data:
            raise Failed("the package can't be read at %d" % offset)
        _send_block(uart, number, data, 1024)
        offset += len(data)
        number += 1
    uart.write(bytes((EOT,)))
    if _answer(uart) == NAK:  # asked whether it means it
        uart.write(bytes((EOT,)))
        _wait_for(uart, ACK)
    _wait_for(uart, REQUEST)
    _send_block(uart, 0, b"", 128)  # no further file
