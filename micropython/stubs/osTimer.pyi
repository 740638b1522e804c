"""Timers of the operating system. `import osTimer` gives the class."""

from typing import Any, Callable

class osTimer:
    def start(self, period: int, mode: int, callback: Callable[[None], Any]) -> int:
        """callback(None) after so many milliseconds, once for mode 0, again and again for 1: 0, or -1 where no more can run."""
    def stop(self) -> int:
        """Stops it: 0, or -1 where it does not run."""
