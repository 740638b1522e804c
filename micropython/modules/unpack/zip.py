# Archives by zip, as PKWARE's APPNOTE describes them: a directory at the end tells what they hold.
import binascii
import struct

from ql_fs import mkdirs, path_dirname

from .source import EXPANSION, Inflated, Package, Refused, copy, safe

_LOCAL, _ENTRY, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_SIZE, _ENTRY_SIZE, _END_SIZE = 30, 46, 22
_TAIL = 1024  # how much of the end may be the directory's last entry and a comment
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1
_UNIX, _KIND, _FILE, _FOLDER = 3, 0xF000, 0x8000, 0x4000


def is_zip(head):
    return head[:4] == _LOCAL


def unzip(folder, size, read):
    count, offset = _directory(size, read)
    left = size * EXPANSION
    for _ in range(count):
        entry = _exactly(read, offset, _ENTRY_SIZE)
        if entry[:4] != _ENTRY:
            raise Refused("its directory is malformed")
        made_by = entry[5]
        flags, method = struct.unpack("<HH", entry[8:12])
        checksum, packed, length, name_length, extra, comment = struct.unpack("<IIIHHH", entry[16:34])
        attributes, start = struct.unpack("<II", entry[38:46])
        name = str(_exactly(read, offset + _ENTRY_SIZE, name_length), "utf-8")
        offset += _ENTRY_SIZE + name_length + extra + comment
        kind = attributes >> 16 & _KIND
        if made_by == _UNIX and kind not in (0, _FILE, _FOLDER):
            raise Refused("'%s' is not a file or folder" % name)
        if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
            raise Refused("'%s' is encrypted, or compressed in another way than by deflate" % name)
        path = folder + "/" + safe(name)
        if name.endswith("/"):
            mkdirs(path)
            continue
        left -= length
        if left < 0:
            raise Refused("it unpacks to more than %d times its size" % EXPANSION)
        mkdirs(path_dirname(path))
        source = _Checked(_content(read, size, start, packed, method), name)
        copy(path, length, source)
        source.end(checksum)


def _exactly(read, offset, length):
    data = read(offset, length) if length else b""
    if data is None or len(data) != length:
        raise Refused("it ends in the middle of a file")
    return data


def _directory(size, read):
    """How many entries it has, and where they begin."""
    length = min(size, _TAIL)
    tail = _exactly(read, size - length, length)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        raise Refused("it ends before its directory does")
    count, _, offset = struct.unpack("<HII", tail[place + 10 : place + 20])
    return count, offset


def _content(read, size, start, packed, method):
    local = _exactly(read, start, _LOCAL_SIZE)
    if local[:4] != _LOCAL:
        raise Refused("its directory is malformed")
    start += _LOCAL_SIZE + sum(struct.unpack("<HH", local[26:30]))
    if start + packed > size:
        raise Refused("it ends in the middle of a file")
    package = Package(packed, lambda offset, length: read(start + offset, length))
    return Inflated(package, size, is_gzip=False) if method == _DEFLATED else package


class _Checked:
    """What a file holds, whose checksum is compared at its end."""

    def __init__(self, source, name):
        self._source = source
        self._name = name
        self._checksum = 0

    def read(self, length):
        data = self._source.read(length)
        self._checksum = binascii.crc32(data, self._checksum)
        return data

    def end(self, checksum):
        if self._source.read(1) or self._checksum != checksum:
            raise Refused("'%s' is not what the directory says" % self._name)
