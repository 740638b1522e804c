"""Data that was compressed by deflate."""

from typing import Any

def DecompIO(stream: Any, wbits: int = 0) -> Any:
    """A stream of what another stream holds: in zlib's format, from 16 on in gzip's, below 0 without one."""

def decompress(data: bytes, wbits: int = 0, bufsize: int = 0) -> bytes:
    """The same of bytes. OSError or EOFError where they are malformed."""
