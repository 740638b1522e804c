"""Streams; beside this the module has what MicroPython's `io` has."""

from typing import Any

def TextIOWrapper(stream: Any) -> Any:
    """A stream of text.

    Simulated: MicroPython's streams need no wrapper; it is the stream itself."""
