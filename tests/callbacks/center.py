"""A Center of a few lines, for tests of the firmware: it takes every device in and sends what a test wants sent."""

import queue
import re
import socket
import struct
import threading

EXCEPTION = 0x00A4
CONFIG = 0x00B4
TSL_READ = 0x0011
TSL_READ_REPLY = 0x0012
TSL_WRITE = 0x0013
TSL_REPORT = 0x0014
SERVICE_CALL = 0x0015
SERVICE_REPLY = 0x0016
TRANSPARENT_DOWN = 0x0023
TRANSPARENT_UP = 0x0024
STATUS_READ_REPLY = 0x0032
INFO_READ_REPLY = 0x0042
PLAN = 0x0111
FILE = 0x0113
STATUS = 0x0114
REQUEST = 0x0115
LOCATION = 0x0122

CLASSES = {0x00: "sys", 0x01: "ota"}
BUS = {TSL_READ, TSL_WRITE, SERVICE_CALL, TRANSPARENT_DOWN}


def text(id, value):
    """A TTLV item with text or bytes."""
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">HH", id << 3 | 3, len(value)) + value


def number(id, value):
    """A TTLV item with an integer of one byte, which may be negative."""
    return struct.pack(">HBB", id << 3 | 2, 0x80 if value < 0 else 0, abs(value))


def true(id):
    return struct.pack(">H", id << 3 | 1)


def items(id, *members):
    """A TTLV struct, or an array when the members have id 0."""
    return struct.pack(">HH", id << 3 | 4, len(members)) + b"".join(members)


def seal(package, command, payload):
    """A frame (wire protocol, section 2)."""
    body = struct.pack(">HH", package, command) + payload
    rest = struct.pack(">HB", len(body) + 1, sum(body) & 0xFF) + body
    return b"\xaa\xaa" + re.sub(rb"\xAA(?=[\xAA\x55]|\Z)", b"\xaa\x55", rest)


def unseal(frame):
    """Package id, command and payload of a frame."""
    rest = frame[2:].replace(b"\xaa\x55", b"\xaa")
    return struct.unpack(">HH", rest[3:7]) + (rest[7:],)


class Center:
    def __init__(self, host="127.0.0.1"):
        is_ipv6 = ":" in host
        self.listener = socket.create_server((host, 0), family=socket.AF_INET6 if is_ipv6 else socket.AF_INET)
        self.address = f"mqtt://{f'[{host}]' if is_ipv6 else host}:{self.listener.getsockname()[1]}"
        self.frames = queue.Queue()  # (package id, command, payload) as they come
        self.online = threading.Event()  # a device is subscribed
        self.left = threading.Event()  # a DISCONNECT came
        self.connections = 0
        self.answers = []  # PUBACK and PUBREC as they come: type and packet id
        self.lock = threading.Lock()
        self.socket = None
        self.package = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def drop(self):
        """Cuts the connection."""
        self.online.clear()
        self.socket.shutdown(socket.SHUT_RDWR)

    def send(self, command, payload, package=None, qos=0):
        """Sends a message to the device; its package id is the answer. Its packet id is its QoS."""
        with self.lock:
            if package is None:
                self.package += 1
                package = self.package
            name = "bus" if command in BUS else CLASSES[command >> 8]
            topic = f"q/1/d/{self.client}/{name}".encode()
            body = struct.pack(">H", len(topic)) + topic
            if qos:
                body += struct.pack(">H", qos)
            self.write(0x30 | qos << 1, body + seal(package, command, payload))
            return package

    def expect(self, command, timeout=10):
        """The next message with this command; others before it are passed over."""
        while True:
            package, got, payload = self.frames.get(timeout=timeout)
            if got == command:
                return package, payload

    def write(self, head, body):
        length = bytearray()
        left = len(body)
        while True:
            length.append(left % 128 | (0x80 if left >= 128 else 0))
            left //= 128
            if not left:
                break
        self.socket.sendall(bytes([head]) + bytes(length) + body)

    def serve(self):
        while True:
            try:
                self.socket, _ = self.listener.accept()
            except OSError:
                return
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.socket, self.socket.makefile("rb") as stream:
                try:
                    while self.packet(stream):
                        pass
                except (OSError, IndexError):
                    pass  # the connection is lost
            self.online.clear()

    def packet(self, stream):
        head = stream.read(1)
        if not head:
            return False
        length = shift = 0
        while True:
            byte = stream.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        body = stream.read(length)
        kind = head[0] >> 4
        with self.lock:
            if kind == 1:  # CONNECT
                self.connections += 1
                size = struct.unpack(">H", body[10:12])[0]
                self.client = body[12 : 12 + size].decode()
                self.write(0x20, b"\0\0")
            elif kind == 8:  # SUBSCRIBE
                self.write(0x90, body[:2] + b"\1")
            elif kind == 3:  # PUBLISH
                qos = head[0] >> 1 & 3
                size = struct.unpack(">H", body[:2])[0]
                rest = body[2 + size :]
                if qos:
                    self.write(0x40 if qos == 1 else 0x50, rest[:2])
                    rest = rest[2:]
                self.frames.put(unseal(rest))
            elif kind in (4, 5):  # PUBACK, PUBREC
                self.answers.append((kind, struct.unpack(">H", body)[0]))
                if kind == 5:
                    self.write(0x62, body)
            elif kind == 6:  # PUBREL
                self.write(0x70, body[:2])
            elif kind == 12:  # PINGREQ
                self.write(0xD0, b"")
            elif kind == 14:
                self.left.set()
                return False
        if kind == 8:
            self.send(CONFIG, text(5, "0123456789abcdef0123456789abcdef"))
            self.online.set()
        return True
