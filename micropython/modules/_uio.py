# QuecPython's uio: the port's io, whose text streams need no wrapper.
from io import *

__name__ = "uio"


def TextIOWrapper(stream):
    return stream
