# Archives by tar: entries of 512-byte blocks, POSIX.1-1988's ustar.
from ql_fs import mkdirs, path_dirname

from .source import Refused, copy, safe, skip

BLOCK = 512


def is_tar(head):
    return head[257:262] == b"ustar"


def _text(field):
    return str(field.split(b"\0", 1)[0], "utf-8")


def _octal(field):
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise Refused("a number in it is malformed")
    return int(digits, 8)


def untar(folder, head, source):
    while len(head) == BLOCK and head != bytes(BLOCK):
        if _octal(head[148:156]) != sum(head[:148]) + 8 * 32 + sum(head[156:]):
            raise Refused("the checksum of an entry differs")
        length = _octal(head[124:136])
        kind = head[156:157]
        name, prefix = _text(head[:100]), _text(head[345:500])
        if prefix:
            name = prefix + "/" + name
        padding = -length % BLOCK
        if kind in (b"0", b"\0"):
            path = folder + "/" + safe(name)
            mkdirs(path_dirname(path))
            copy(path, length, source)
            length = 0
        elif kind == b"5":
            mkdirs(folder + "/" + safe(name))
        elif kind != b"g":  # a comment, as git writes it
            raise Refused("'%s' is not a file or folder" % name)
        skip(length + padding, source)
        head = source.read(BLOCK)
