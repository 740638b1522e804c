"""Loggers with a name and a level for all."""

from typing import Any

DEBUG: int
INFO: int
WARNING: int
ERROR: int
CRITICAL: int

class Logger:
    def __init__(self, name: str) -> None: ...
    def log(self, level: int, message: Any, *args: Any) -> None:
        """Logs a message, args put into it by %."""
    def debug(self, message: Any, *args: Any) -> None:
        """Logs it at this level."""
    def info(self, message: Any, *args: Any) -> None:
        """Logs it at this level."""
    def warning(self, message: Any, *args: Any) -> None:
        """Logs it at this level."""
    def error(self, message: Any, *args: Any) -> None:
        """Logs it at this level."""
    def critical(self, message: Any, *args: Any) -> None:
        """Logs it at this level."""

def getLogger(name: str = "root") -> Logger:
    """The logger of this name."""

def basicConfig(level: int = 20) -> None:
    """Sets the level."""

def set_output(output: Any) -> None:
    """Sets the stream that it goes to, such as a UART."""
