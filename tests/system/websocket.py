"""A websocket server on a port of its own that talks to one client, frame by frame: RFC 6455."""

import base64
import hashlib
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATIENCE = 30  # seconds


class Websocket:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/chat"
        self._client = None

    def accept(self):
        """Waits for the client; returns the request's lines."""
        client, _ = self._listener.accept()
        client.settimeout(PATIENCE)
        self._client = client.makefile("rwb")
        client.close()
        lines = []
        while line := self._client.readline().strip():
            lines.append(line.decode())
        key = next(line.split(": ")[1] for line in lines if line.startswith("Sec-WebSocket-Key"))
        accepted = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest())
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + accepted + b"\r\n\r\n"
        self._client.write(answer)
        self._client.flush()
        return lines

    def receive(self):
        """(kind, content) of the next frame, which a client has to mask."""
        first, length = self._client.read(2)
        assert length & 0x80, "a client's frame is not masked"
        length &= 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._client.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._client.read(8))
        key = self._client.read(4)
        content = self._client.read(length)
        return first & 0xF, bytes(byte ^ key[i % 4] for i, byte in enumerate(content))

    def send(self, kind, content, is_final=True):
        length = len(content)
        head = bytes([0x80 * is_final | kind])
        if length < 126:
            head += bytes([length])
        elif length < 1 << 16:
            head += struct.pack("!BH", 126, length)
        else:
            head += struct.pack("!BQ", 127, length)
        self._client.write(head + content)
        self._client.flush()

    def close(self):
        if self._client:
            self._client.close()
        self._listener.close()
