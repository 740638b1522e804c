# Unpacks the package of an application: a .py file, a .mpy file, or an archive of files: a zip, or a tar that gzip may have
# compressed.
import os
import sys

from ql_fs import file_copy, mkdirs, path_dirname, path_exists

from . import zip
from .source import Inflated, Package, Refused, copy
from .tar import BLOCK, is_tar, untar

_ENOSPC = 28
_FOLDER = 0x4000


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
    package = Package(size, read)
    head = package.read(BLOCK)
    if head[:2] == b"\x1f\x8b":
        package = Inflated(Package(size, read), size, is_gzip=True)
        head = package.read(BLOCK)
        if not is_tar(head):
            raise Refused("what it compresses is not a tar")
    if zip.is_zip(head):
        zip.unzip(folder, size, read)
    elif is_tar(head):
        untar(folder, head, package)
    elif head[:2] == bytes((ord("M"), sys.implementation._mpy & 0xFF)):
        copy(folder + "/main.mpy", size, Package(size, read))
    else:
        copy(folder + "/main.py", size, Package(size, read), is_text=True)


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
