"""JSON; beside this the module has what MicroPython's `json` has."""

from typing import Tuple

def search(text: str, key: str) -> Tuple[int, int]:
    """(start, end) of the value of a key in a JSON text, the first of this name; a string's is without its quotes. (-1, -1) where
    there is none."""
