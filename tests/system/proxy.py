"""A TCP proxy on a free port that can cut, hold and refuse connections."""

import contextlib
import select
import socket
import threading
import time


class Proxy:
    """Forwards to `target` ("host:port").

    `cut_after` closes a connection once that many bytes have come back through it; `cuts` of them, then no more.
    `refuse` closes new connections at once. `bytes_a_second` slows down what comes back.
    """

    def __init__(self, target=None, cut_after=None, cuts=0, bytes_a_second=None):
        self.target = target
        self.cut_after = cut_after
        self.cuts = cuts
        self.refuse = False
        self.bytes_a_second = bytes_a_second
        self.connections = 0
        self.back = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.refuse:
                client.close()
                continue
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        host, port = self.target.rsplit(":", 1)
        try:
            server = socket.create_connection((host, int(port)), 5)
        except OSError:
            client.close()
            return
        with self._lock:
            self._open |= {client, server}
        back = 0
        try:
            while True:
                readable, _, _ = select.select([client, server], [], [], 30)
                if not readable:
                    return
                for end in readable:
                    data = end.recv(4096)
                    if not data:
                        return
                    if end is server:
                        back += len(data)
                        self.back += len(data)
                        if self.bytes_a_second:
                            time.sleep(len(data) / self.bytes_a_second)
                        if self.cuts > 0 and self.cut_after is not None and back >= self.cut_after:
                            self.cuts -= 1
                            return
                    (client if end is server else server).sendall(data)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._open -= {client, server}
            client.close()
            server.close()

    def cut(self):
        """Closes every connection that is open now."""
        with self._lock:
            ends = list(self._open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()
        self.cut()
