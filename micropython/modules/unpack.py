# Unpacks the package of an application: a .py file, a .mpy file, or a tar of files, which may be compressed by gzip.
import io
import os
import sys

from ql_fs import file_copy, mkdirs, path_dirname, path_exists

_ENOSPC = 28
_FOLDER = 0x4000
_BLOCK = 512
_PIECE = 1024
_WINDOW = 15  # gzip looks back up to 2^15 bytes
_EXPANSION = 100  # text gets some 10 times smaller; more than this is made to fill the flash


class Refused(Exception):
    """The package is not one, or would do what a package may not. Says what."""


def unpack(folder, size, read):
    """Writes the files of a package of `size` bytes into a folder that is not there yet; read(offset, length) gives its bytes.

    Raises Refused, or OSError where there is no space."""
    vfs = os.statvfs(path_dirname(folder) or ".")
    if size > vfs[0] * vfs[4]:
        raise OSError(_ENOSPC)
    os.mkdir(folder)
    try:
        _unpack(folder, size, read)
    except OSError as error:
        if error.errno == _ENOSPC:
            raise
        raise Refused("it can't be written: %s" % error)
    except UnicodeError:
        raise Refused("a name in it is not UTF-8")


class _Package:
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


class _Gunzip:
    """The bytes that a package holds in gzip's format."""

    def __init__(self, size, read):
        import deflate

        self._stream = deflate.DeflateIO(_Compressed(_Package(size, read)), deflate.GZIP, _WINDOW)
        self._left = size * _EXPANSION

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
            raise Refused("it unpacks to more than %d times its size" % _EXPANSION)
        return data


def _unpack(folder, size, read):
    package = _Package(size, read)
    head = package.read(_BLOCK)
    if head[:2] == b"\x1f\x8b":
        package = _Gunzip(size, read)
        head = package.read(_BLOCK)
        if not _is_tar(head):
            raise Refused("what it compresses is not a tar")
    if _is_tar(head):
        _untar(folder, head, package)
    elif head[:2] == bytes((ord("M"), sys.implementation._mpy & 0xFF)):
        _copy(folder + "/main.mpy", size, _Package(size, read))
    else:
        _copy(folder + "/main.py", size, _Package(size, read), is_text=True)


def _is_tar(head):
    return head[257:262] == b"ustar"


def add(folder, others):
    """Copies to a folder what it does not have of another one."""
    for name, kind, *_ in os.ilistdir(others):
        path, other = folder + "/" + name, others + "/" + name
        if kind != _FOLDER:
            if not path_exists(path):
                file_copy(path, other)
        elif not path_exists(path) or os.stat(path)[0] & _FOLDER:
            mkdirs(path)
            add(path, other)


def _exactly(length, source):
    data = source.read(length)
    if len(data) != length:
        raise Refused("it ends in the middle of a file")
    return data


def _skip(length, source):
    while length:
        length -= len(_exactly(min(_PIECE, length), source))


def _copy(path, length, source, is_text=False):
    with open(path, "wb") as file:
        while length:
            data = _exactly(min(_PIECE, length), source)
            if is_text and b"\0" in data:
                raise Refused("it is neither a tar nor Python code for this firmware")
            file.write(data)
            length -= len(data)


def _text(field):
    return str(field.split(b"\0", 1)[0], "utf-8")


def _octal(field):
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise Refused("a number in it is malformed")
    return int(digits, 8)


def _safe(name):
    """The path of an entry inside the folder; '' for the folder itself."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name:
        raise Refused("'%s' lies outside of the application's folder" % name)
    return "/".join(parts)


def _untar(folder, head, source):
    while len(head) == _BLOCK and head != bytes(_BLOCK):
        if _octal(head[148:156]) != sum(head[:148]) + 8 * 32 + sum(head[156:]):
            raise Refused("the checksum of an entry differs")
        length = _octal(head[124:136])
        kind = head[156:157]
        name, prefix = _text(head[:100]), _text(head[345:500])
        if prefix:
            name = prefix + "/" + name
        padding = -length % _BLOCK
        if kind in (b"0", b"\0"):
            path = folder + "/" + _safe(name)
            mkdirs(path_dirname(path))
            _copy(path, length, source)
            length = 0
        elif kind == b"5":
            mkdirs(folder + "/" + _safe(name))
        elif kind != b"g":  # a comment, as git writes it
            raise Refused("'%s' is not a file or folder" % name)
        _skip(length + padding, source)
        head = source.read(_BLOCK)
