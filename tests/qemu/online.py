# The driver over the port's module `socket`. QEMU's port has none, so the test is the network: a Center for one device.
import errno
import gc
import io
import struct
import sys

import Qth

CONNECT, PUBLISH, PUBACK, SUBSCRIBE, DISCONNECT = 1, 3, 4, 8, 14
CONFIG, TRANSPARENT_DOWN = 0xB4, 0x23
STREAM_POLL, STREAM_CLOSE, READY = 3, 4, 1 | 4


def frame(package, command, payload):
    body = struct.pack(">HH", package, command) + payload
    return b"\xaa\xaa" + struct.pack(">HB", len(body) + 1, sum(body) & 0xFF) + body


class Socket(io.IOBase):
    """A socket whose peer is the Center. It is slow: it opens at the third look, and moves few bytes at a time."""

    opened = []

    def __init__(self, family):
        self.looks = 0
        self.sent = b""  # on its way to the Center
        self.received = b""  # on its way to the device
        self.published = []
        self.commands = []
        self.is_lost = False
        self.is_closed = False
        Socket.opened.append(self)

    def setblocking(self, blocking):
        print("blocking", blocking)

    def connect(self, address):
        print("connect", address)
        raise OSError(errno.EINPROGRESS)

    def ioctl(self, request, argument):
        if request == STREAM_POLL:
            self.looks += 1
            return argument & (READY if self.looks > 2 else 0)
        if request == STREAM_CLOSE:
            self.is_closed = True
        return 0

    def write(self, data):
        gc.collect()
        data = bytes(data[:50])
        self.sent += data
        self.take()
        return len(data)

    def readinto(self, buffer):
        gc.collect()
        if self.is_lost:
            return 0
        data = self.received[: min(len(buffer), 50)]
        if not data:
            return None
        buffer[: len(data)] = data
        self.received = self.received[len(data) :]
        return len(data)

    def take(self):
        while len(self.sent) >= 2:
            length, head = self.sent[1], 2
            if length & 0x80 and len(self.sent) > 2:
                length, head = length & 0x7F | self.sent[2] << 7, 3
            if len(self.sent) < head + length:
                return
            kind, body = self.sent[0], self.sent[head : head + length]
            self.sent = self.sent[head + length :]
            self.answer(kind >> 4, kind >> 1 & 3, body)

    def answer(self, kind, qos, body):
        self.commands.append(kind)
        if kind == CONNECT:
            self.received += b"\x20\x02\x00\x00"
        elif kind == SUBSCRIBE:
            self.filter = str(body[4:-1], "utf-8")
            self.received += b"\x90\x03" + body[:2] + b"\x01"
            # The device secret: TTLV id 5, bytes.
            self.publish("sys", frame(1, CONFIG, b"\x00\x2b\x00\x20" + b"s" * 32))
        elif kind == PUBLISH:
            at = 2 + struct.unpack(">H", body)[0]
            if qos:
                self.received += b"\x40\x02" + body[at : at + 2]
                at += 2
            self.published.append(body[at:])

    def publish(self, kind, message):
        topic = self.filter.replace("+", kind)
        body = struct.pack(">H", len(topic)) + topic + message
        assert len(body) < 128
        self.received += bytes((0x30, len(body))) + body


class Network:
    socket = Socket

    @staticmethod
    def getaddrinfo(host, port):
        return [(2, 1, 0, "", (host, port))]


def until(condition):
    for _ in range(1000000):
        if condition():
            return
    raise RuntimeError("it did not happen")


sys.modules["socket"] = Network
Qth.init()
Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
got = []
Qth.setEventCb({"devEvent": lambda *event: print("devEvent", *event), "recvTrans": got.append})
Qth.setServer("mqtt://center.example.org:1884")
Qth.start()
until(Qth.state)
center = Socket.opened[0]
print(center.filter)

# Data in both directions, more of it than the socket takes at once.
print(Qth.sendTrans(1, "up" * 100))
until(lambda: any(message[9:] == b"up" * 100 for message in center.published))
center.publish("bus", frame(2, TRANSPARENT_DOWN, b"down" * 10))
until(lambda: got)
print(got)

# The connection is lost, and comes again.
center.is_lost = True
until(lambda: len(Socket.opened) == 2 and Qth.state())
print(center.is_closed)

# The farewell leaves before the link is closed.
center = Socket.opened[1]
Qth.stop()
until(lambda: center.is_closed)
print(center.commands[-1] == DISCONNECT, Qth.state())
