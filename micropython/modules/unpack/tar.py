# Archives by tar: entries of 512-byte blocks, ustar of POSIX.1-1988, with the headers for names that are long of POSIX.1-2001
# (pax) and of GNU.
from ql_fs import mkdirs, path_dirname

from .source import Refused, copy, exactly, safe, skip

BLOCK = 512
_HEADER_MOST = 4096  # bytes of such a header
_FILES, _FOLDER, _COMMENT, _PAX, _LONG_NAME = (b"0", b"\0"), b"5", b"g", b"x", b"L"


def is_tar(head):
    return head[257:262] == b"ustar"


def _text(field):
    return str(field.split(b"\0", 1)[0], "utf-8")


def _octal(field):
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise Refused("a number in it is malformed")
    return int(digits, 8)


def _header(length, source):
    if length > _HEADER_MOST:
        raise Refused("a header in it is longer than %d bytes" % _HEADER_MOST)
    return exactly(length, source)


def _pax_path(records):
    """The name that pax's records give to the next entry, or None. Each is `length key=value` with a line's end."""
    path = None
    while records:
        digits, _, rest = records.partition(b" ")
        length = int(digits) if digits and not digits.strip(b"0123456789") else 0
        key, _, value = records[len(digits) + 1 : length].partition(b"=")
        if length <= len(digits) + 1 or length > len(records) or not value.endswith(b"\n"):
            raise Refused("a header in it is malformed")
        if key == b"path":
            path = str(value[:-1], "utf-8")
        records = records[length:]
    return path


def untar(folder, head, source):
    given = None  # name of the next entry
    while len(head) == BLOCK and head != bytes(BLOCK):
        if _octal(head[148:156]) != sum(head[:148]) + 8 * 32 + sum(head[156:]):
            raise Refused("the checksum of an entry differs")
        length = _octal(head[124:136])
        kind = head[156:157]
        name, prefix = _text(head[:100]), _text(head[345:500])
        if prefix:
            name = prefix + "/" + name
        padding = -length % BLOCK
        if kind == _PAX:
            given = _pax_path(_header(length, source)) or given
            length = 0
        elif kind == _LONG_NAME:
            given = _text(_header(length, source))
            length = 0
        elif kind != _COMMENT:
            name, given = given or name, None
        if kind in _FILES:
            path = folder + "/" + safe(name)
            mkdirs(path_dirname(path))
            copy(path, length, source)
            length = 0
        elif kind == _FOLDER:
            mkdirs(folder + "/" + safe(name))
        elif kind not in (_PAX, _LONG_NAME, _COMMENT):
            raise Refused("'%s' is not a file or folder" % name)
        skip(length + padding, source)
        head = source.read(BLOCK)
