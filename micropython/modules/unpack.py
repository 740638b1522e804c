# Unpacks the package of an application: a .py file, a .mpy file, or a tar of files.
import os
import sys

from ql_fs import mkdirs, path_dirname, path_exists

_ENOSPC = 28
_BLOCK = 512
_PIECE = 1024


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


def _unpack(folder, size, read):
    head = _read(read, 0, min(_BLOCK, size))
    if head[257:262] == b"ustar":
        _untar(folder, size, read)
    elif head[:2] == bytes((ord("M"), sys.implementation._mpy & 0xFF)):
        _copy(folder + "/main.mpy", 0, size, read)
    else:
        _copy(folder + "/main.py", 0, size, read, is_text=True)
    if not path_exists(folder + "/main.py") and not path_exists(folder + "/main.mpy"):
        raise Refused("it has no main.py or main.mpy")


def _read(read, offset, length):
    data = read(offset, length)
    if not data or len(data) != length:
        raise Refused("it ends in the middle of a file")
    return data


def _copy(path, offset, length, read, is_text=False):
    with open(path, "wb") as file:
        while length:
            data = _read(read, offset, min(_PIECE, length))
            if is_text and b"\0" in data:
                raise Refused("it is neither a tar nor Python code for this firmware")
            file.write(data)
            offset += len(data)
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


def _untar(folder, size, read):
    offset = 0
    while offset + _BLOCK <= size:
        head = _read(read, offset, _BLOCK)
        offset += _BLOCK
        if head == bytes(_BLOCK):
            return
        if _octal(head[148:156]) != sum(head[:148]) + 8 * 32 + sum(head[156:]):
            raise Refused("the checksum of an entry differs")
        length = _octal(head[124:136])
        if length > size - offset:
            raise Refused("it ends in the middle of a file")
        kind = head[156:157]
        name, prefix = _text(head[:100]), _text(head[345:500])
        if prefix:
            name = prefix + "/" + name
        if kind in (b"0", b"\0"):
            path = folder + "/" + _safe(name)
            mkdirs(path_dirname(path))
            _copy(path, offset, length, read)
        elif kind == b"5":
            mkdirs(folder + "/" + _safe(name))
        elif kind != b"g":  # a comment, as git writes it
            raise Refused("'%s' is not a file or folder" % name)
        offset += (length + _BLOCK - 1) // _BLOCK * _BLOCK
