# QuecPython's uzlib, by MicroPython's deflate.
import io

import deflate

_GZIP = 16  # and more: gzip's format; below 0: none at all; otherwise zlib's
_WINDOW = 15  # looks back up to 2^15 bytes


def DecompIO(stream, wbits=0):
    form = deflate.RAW if wbits < 0 else deflate.GZIP if wbits >= _GZIP else deflate.ZLIB
    return deflate.DeflateIO(stream, form, _WINDOW)


def decompress(data, wbits=0, bufsize=0):
    return DecompIO(io.BytesIO(data), wbits).read()
