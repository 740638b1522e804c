"""Websockets. wss raises ImportError here, since this firmware has no TLS for scripts."""

from typing import Any, Optional, Union

CLOSE_OK: int

class Websocket:
    """A connection."""

    open: bool

    def __init__(self, sock: Any) -> None: ...
    def settimeout(self, timeout: Optional[float]) -> None:
        """Seconds that recv() waits before it raises OSError."""
    def recv(self) -> Union[str, bytes, None]:
        """Waits for a message; None when the connection is closed."""
    def send(self, buf: Union[str, bytes, bytearray]) -> None:
        """Sends text or bytes."""
    def close(self, code: int = 1000, reason: str = "") -> None:
        """Closes the connection."""

class Client:
    @staticmethod
    def connect(url: str, headers: Optional[dict] = None, debug: bool = False) -> Websocket:
        """Connects. OSError where nobody answers, ValueError where there is no websocket."""
