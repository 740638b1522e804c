# What every kind of package is read with: its bytes one after the other, and what may not be.
import io

_PIECE = 1024
_WINDOW = 15  # deflate looks back up to 2^15 bytes
EXPANSION = 100  # text gets some 10 times smaller; more than this is made to fill the flash


class Refused(Exception):
    """The package is not one, or would do what a package may not. Says what."""


class Package:
    """The bytes of a package one after the other."""

    def __init__(self, size, read):
        self._size = size
        self._read = read
        self._offset = 0

    def read(self, length):
        """Up to so many bytes; none at the end."""
        length = min(length, self._size - self._offset)
        data = self._read(self._offset, length) if length else b""
        if data is None or len(data) != length:
            raise Refused("it ends in the middle of a file")
        self._offset += length
        return data


class _Compressed(io.IOBase):
    """A package as the stream that `deflate` reads from."""

    def __init__(self, package):
        self._package = package

    def readinto(self, buffer):
        data = self._package.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Inflated:
    """What a package holds compressed by deflate, in gzip's format or as it is; `size` is that of all that was downloaded."""

    def __init__(self, package, size, is_gzip):
        import deflate

        self._stream = deflate.DeflateIO(_Compressed(package), deflate.GZIP if is_gzip else deflate.RAW, _WINDOW)
        self._left = size * EXPANSION

    def read(self, length):
        data = b""
        while len(data) < length:
            try:
                piece = self._stream.read(length - len(data))
            except (OSError, EOFError):
                raise Refused("its compressed data is malformed")
            if not piece:
                break
            data += piece
        self._left -= len(data)
        if self._left < 0:
            raise Refused("it unpacks to more than %d times its size" % EXPANSION)
        return data


def exactly(length, source):
    data = source.read(length)
    if len(data) != length:
        raise Refused("it ends in the middle of a file")
    return data


def skip(length, source):
    while length:
        length -= len(exactly(min(_PIECE, length), source))


def copy(path, length, source, is_text=False):
    with open(path, "wb") as file:
        while length:
            data = exactly(min(_PIECE, length), source)
            if is_text and b"\0" in data:
                raise Refused("it is neither an archive nor Python code for this firmware")
            file.write(data)
            length -= len(data)


def safe(name):
    """The path of an entry inside the folder; '' for the folder itself."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name:
        raise Refused("'%s' lies outside of the application's folder" % name)
    return "/".join(parts)
