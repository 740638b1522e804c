# QuecPython's uwebsocket: a client by RFC 6455.
import binascii
import errno
import os
import socket
import struct

__name__ = "uwebsocket"

_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_SHORT, _LONG = 126, 127  # lengths that say how wide the length is that follows

CLOSE_OK = 1000


class Websocket:
    def __init__(self, sock):
        self._socket = sock
        self.open = True

    def settimeout(self, timeout):
        self._socket.settimeout(timeout)

    def _read(self, length):
        data = b""
        while len(data) < length:
            piece = self._socket.read(length - len(data))
            if not piece:
                raise OSError(errno.ECONNRESET)
            data += piece
        return data

    def _frame(self):
        first, length = self._read(2)
        mask = length & _MASKED
        length &= ~_MASKED
        if length == _SHORT:
            (length,) = struct.unpack("!H", self._read(2))
        elif length == _LONG:
            (length,) = struct.unpack("!Q", self._read(8))
        key = self._read(4) if mask else None
        data = self._read(length)
        return first & _FINAL, first & 0x0F, _apply(key, data) if key else data

    def _write(self, kind, data):
        length = len(data)
        if length < _SHORT:
            head = struct.pack("!BB", _FINAL | kind, _MASKED | length)
        elif length < 1 << 16:
            head = struct.pack("!BBH", _FINAL | kind, _MASKED | _SHORT, length)
        else:
            head = struct.pack("!BBQ", _FINAL | kind, _MASKED | _LONG, length)
        key = os.urandom(4)
        self._socket.write(head + key + _apply(key, data))

    def recv(self):
        """Text or bytes as they were sent; None when the connection is closed."""
        data = b""
        message = None
        while self.open:
            try:
                is_final, kind, piece = self._frame()
            except OSError as error:
                if error.errno == errno.ETIMEDOUT or error.errno == errno.EAGAIN:
                    raise
                self._end()
                return None
            if kind == _PING:
                self._write(_PONG, piece)
            elif kind == _CLOSE:
                self._write(_CLOSE, piece[:2])
                self._end()
            elif kind != _PONG:
                message = message or kind
                data += piece
                if is_final:
                    return data.decode() if message == _TEXT else data
        return None

    def send(self, buf):
        if not self.open:
            raise OSError(errno.ENOTCONN)
        if isinstance(buf, str):
            self._write(_TEXT, buf.encode())
        else:
            self._write(_BINARY, bytes(buf))

    def close(self, code=CLOSE_OK, reason=""):
        if self.open:
            self._write(_CLOSE, struct.pack("!H", code) + reason.encode())
            self._end()

    def _end(self):
        self.open = False
        self._socket.close()


def _apply(key, data):
    return bytes(byte ^ key[i & 3] for i, byte in enumerate(data))


class Client:
    @staticmethod
    def connect(url, headers=None, debug=False):
        """Raises OSError where nobody answers, ValueError where the answer is no websocket's."""
        scheme, rest = url.split("://", 1)
        host, path = (rest.split("/", 1) + [""])[:2]
        name, port = (host.split(":") + [443 if scheme == "wss" else 80])[:2]
        if scheme not in ("ws", "wss"):
            raise ValueError("no websocket's URL: " + url)
        sock = socket.socket()
        try:
            sock.connect(socket.getaddrinfo(name, int(port))[0][-1])
            if scheme == "wss":
                import ssl

                sock = ssl.wrap_socket(sock, server_hostname=name)
            lines = [
                "GET /%s HTTP/1.1" % path,
                "Host: " + host,
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: " + binascii.b2a_base64(os.urandom(16)).decode().strip(),
                "Sec-WebSocket-Version: 13",
            ]
            lines += ["%s: %s" % header for header in (headers or {}).items()]
            sock.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            status = sock.readline()
            if debug:
                print("uwebsocket:", status)
            if b" 101 " not in status:
                raise ValueError("no websocket at %s: %s" % (url, status.decode().strip()))
            while sock.readline().strip():
                pass
        except Exception:
            sock.close()
            raise
        return Websocket(sock)
