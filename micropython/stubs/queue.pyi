"""A queue between threads."""

from typing import Any

class Queue:
    def __init__(self, max_size: int = 100) -> None: ...
    def put(self, data: Any = None) -> bool:
        """Adds; False where it is full."""
    def get(self) -> Any:
        """Takes the oldest; waits for one."""
    def empty(self) -> bool:
        """Whether there is none."""
    def size(self) -> int:
        """How many there are."""
