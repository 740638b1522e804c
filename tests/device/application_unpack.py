# Packages of an application: what is unpacked, and what is refused before it writes outside of its folder.
import binascii
import sys

from support.archive import entry, files, stored, zeros, zip_of

import unpack
from ql_fs import path_exists, rmdirs

FOLDER = "unpacked"


def show(what, package, size=None):
    if path_exists(FOLDER):
        rmdirs(FOLDER)
    try:
        unpack.unpack(FOLDER, size or len(package), lambda offset, length: package[offset : offset + length] or None)
        print(what, sorted(files(FOLDER).items()))
    except (unpack.Refused, OSError) as error:
        print(what, "-", type(error).__name__, error)


MAIN = entry(b"main.py", b"print(1)\n")
END = bytes(1024)


def gzip(data, blocks=b""):
    """RFC 1952, with data as it is in one block and more blocks behind it."""
    end = binascii.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(7) + stored(data, not blocks) + blocks + end


show("Python", b"print(1)\n")
show("bytecode", bytes((ord("M"), sys.implementation._mpy & 0xFF, 0, 31)) + b"\0" * 4)
show("bytecode of another version", bytes((ord("M"), 1, 0, 31)) + b"\0" * 4)
show(
    "tar",
    entry(b"./", kind=b"5")
    + MAIN
    + entry(b"lib/", kind=b"5")
    + entry(b"lib/a.py", b"x" * 600)
    + entry(b"b.py", b"", prefix=b"deep/er")
    + END,
)
show("tar without an end", MAIN)
show("tar with git's comment", entry(b"pax_global_header", b"52 comment=1\n", kind=b"g") + MAIN + END)
PAX = b"28 mtime=1790000000.1234567\n"
LONG = b"lib/" + b"n" * 120 + b".py"


def pax(path):
    record = b" path=" + path + b"\n"
    return b"%d" % (len(record) + 3) + record


show("tar with pax headers", entry(b"x", PAX, kind=b"x") + MAIN + END)
for kind, header in ((b"x", PAX + pax(LONG)), (b"L", LONG + b"\0")):
    names = entry(b"x", header, kind=kind) + entry(b"cut.py", b"1") + MAIN + END
    show("long name by " + kind.decode(), names)
show("pax with traversal", entry(b"x", pax(b"../" + LONG), kind=b"x") + entry(b"cut.py", b"1") + END)
show("long name with traversal", entry(b"x", b"/tmp/evil.py", kind=b"L") + entry(b"cut.py", b"1") + END)
for header in (b"no length", b"99 path=short\n", b"9 path=xx", b"0 path=x\n", b"-1 path=x\n"):
    show(header, entry(b"x", header, kind=b"x") + MAIN + END)
show("header that is too long", entry(b"x", size=5000, kind=b"x") + MAIN + END)

show("tar.gz", gzip(entry(b"./", kind=b"5") + MAIN + entry(b"lib/a.py", b"x" * 600) + END))
show("tar.gz without an end", gzip(MAIN))
show("tar.gz cut short", gzip(MAIN + END)[:900], len(gzip(MAIN + END)))
show("tar.gz that ends early", gzip(MAIN + END)[:900])
show("tar.gz with a bad block", gzip(MAIN, b"\x07" * 8))
show("tar.gz with a link", gzip(MAIN + entry(b"link.py", kind=b"2") + END))
show("tar.gz with traversal", gzip(MAIN + entry(b"../evil.py", b"1") + END))
show("gzip of something else", gzip(b"print(1)\n"))
show("tar.gz that unpacks to a hundred times its size", gzip(MAIN + entry(b"a", size=1 << 20), zeros(4096)))
show("tar without main.py", entry(b"other.py", b"1") + END)

PYTHON = b"print(1)\n" * 40
ZIP = zip_of((b"lib/", b""), (b"main.py", PYTHON), (b"lib/a.py", b""), (b"lib/b.py", b"x" * 600))
show("zip", ZIP)
show("zip with a comment", zip_of((b"main.py", PYTHON), comment=b"made by hand"))
show("zip with links", zip_of((b"main.py", PYTHON), (b"link.py", b"main.py"), kind=0xA000))
show("zip with traversal", zip_of((b"main.py", PYTHON), (b"../evil.py", b"1")))
show("zip with an absolute path", zip_of((b"/tmp/evil.py", b"1")))
show("zip that is encrypted", zip_of((b"main.py", PYTHON), flags=1))
show("zip by another method", zip_of((b"main.py", PYTHON), method=12))
show("zip with a wrong checksum", zip_of((b"main.py", PYTHON), checksum=1))
show("zip that says it is shorter", zip_of((b"main.py", PYTHON), said=len(PYTHON) - 1))
show("zip that says it is longer", zip_of((b"main.py", PYTHON), said=len(PYTHON) + 1))
show("zip that says it is far longer", zip_of((b"main.py", PYTHON), said=1 << 31))
show("zip cut short", ZIP[:-10])
show("zip cut in front", ZIP[:4] + ZIP[60:])
show("zip whose directory lies elsewhere", ZIP[:-6] + b"\xff\xff" + ZIP[-4:])
show("zip of zeros", zip_of((b"main.py", PYTHON), (b"zeros", bytes(1 + 5 * 258), zeros(5))))
show("zip that unpacks to a hundred times its size", zip_of((b"main.py", bytes(1 + 2048 * 258), zeros(2048))))
for place in range(30, len(ZIP), 7):
    damaged = ZIP[:place] + bytes([ZIP[place] ^ 0x55]) + ZIP[place + 1 :]
    if path_exists(FOLDER):
        rmdirs(FOLDER)
    try:
        unpack.unpack(FOLDER, len(damaged), lambda offset, length, damaged=damaged: damaged[offset : offset + length] or None)
        # What a name says is not known to be wrong.
        if sorted(map(len, files(FOLDER).values())) != [0, len(PYTHON), 600] or path_exists("../evil.py"):
            print("damaged at", place, files(FOLDER))
    except unpack.Refused:
        pass

for name in (b"../evil.py", b"lib/../../evil.py", b"/tmp/evil.py", b"..", b"a\\..\\evil.py"):
    show(name, MAIN + entry(name, b"1") + END)
show("traversal by the prefix", MAIN + entry(b"evil.py", b"1", prefix=b"../..") + END)
for kind in (b"1", b"2", b"3", b"6", b"K", b"S"):
    show("kind " + kind.decode(), MAIN + entry(b"evil.py", kind=kind) + END)
show("a file that is longer than the package", MAIN + entry(b"b.py", b"1", size=4096))
show("a package cut short", (MAIN + entry(b"b.py", b"1" * 600))[:1700], 2560)
show("a checksum", MAIN + entry(b"b.py", b"1", checksum=1) + END)
show("a number", entry(b"main.py", b"1", size=0o77)[:124] + b"12x" + entry(b"main.py", b"1")[127:])
show("a file below a file", MAIN + entry(b"main.py/x.py", b"1") + END)
show("larger than the space", b"print(1)\n", 1 << 60)
if path_exists(FOLDER):
    rmdirs(FOLDER)
