#!/usr/bin/env python3
"""liblzma's raw LZMA1 with a preset dictionary, which Python's own lzma module does not offer:

    liblzma.py encode|decode DICTIONARY INPUT OUTPUT SIZE

SIZE is that of the data, in bytes. The encoder writes no end marker, the decoder needs none; lc, lp and pb are 0.
"""

import ctypes as c
import sys

LZMA1 = 0x4000000000000001
LZMA1_WITHOUT_END = 0x4000000000000002  # LZMA_FILTER_LZMA1EXT, since liblzma 5.4
NO_FILTER = 2**64 - 1
NORMAL, BINARY_TREE_4 = 2, 0x14
RUN = 0


class Options(c.Structure):
    """lzma_options_lzma"""

    _fields_ = [
        ("dict_size", c.c_uint32),
        ("preset_dict", c.c_char_p),
        ("preset_dict_size", c.c_uint32),
        ("lc", c.c_uint32),
        ("lp", c.c_uint32),
        ("pb", c.c_uint32),
        ("mode", c.c_uint),
        ("nice_len", c.c_uint32),
        ("mf", c.c_uint),
        ("depth", c.c_uint32),
        ("ext_flags", c.c_uint32),
        ("ext_size_low", c.c_uint32),
        ("ext_size_high", c.c_uint32),
        ("reserved_ints", c.c_uint32 * 5),
        ("reserved_enums", c.c_uint * 4),
        ("reserved_pointers", c.c_void_p * 2),
    ]


class Filter(c.Structure):
    """lzma_filter"""

    _fields_ = [("id", c.c_uint64), ("options", c.c_void_p)]


class Stream(c.Structure):
    """lzma_stream"""

    _fields_ = [
        ("next_in", c.c_char_p),
        ("avail_in", c.c_size_t),
        ("total_in", c.c_uint64),
        ("next_out", c.c_void_p),
        ("avail_out", c.c_size_t),
        ("total_out", c.c_uint64),
        ("allocator", c.c_void_p),
        ("internal", c.c_void_p),
        ("reserved_pointers", c.c_void_p * 4),
        ("reserved_ints", c.c_uint64 * 2),
        ("reserved_sizes", c.c_size_t * 2),
        ("reserved_enums", c.c_uint * 2),
    ]


def main():
    what, dictionary, given, result, size = sys.argv[1:]
    with open(dictionary, "rb") as file:
        dictionary = file.read()
    with open(given, "rb") as file:
        given = file.read()
    size = int(size)
    options = Options(
        dict_size=max(4096, len(dictionary) + size),
        preset_dict=dictionary,
        preset_dict_size=len(dictionary),
        mode=NORMAL,
        nice_len=64,
        mf=BINARY_TREE_4,
        ext_size_low=size,
    )
    kind = LZMA1_WITHOUT_END if what == "encode" else LZMA1
    filters = (Filter * 2)(Filter(kind, c.addressof(options)), Filter(NO_FILTER, None))
    library = c.CDLL("liblzma.so.5")
    if what == "encode":
        out = c.create_string_buffer(2 * size + 1024)
        end = c.c_size_t(0)
        error = library.lzma_raw_buffer_encode(
            filters, None, given, c.c_size_t(len(given)), out, c.byref(end), c.c_size_t(len(out))
        )
    else:
        # Not by lzma_raw_buffer_decode: that takes a stream without end marker for one that was cut off.
        out = c.create_string_buffer(size)
        stream = Stream(next_in=given, avail_in=len(given), next_out=c.addressof(out), avail_out=size)
        error = library.lzma_raw_decoder(c.byref(stream), filters) or library.lzma_code(c.byref(stream), RUN)
        end = c.c_size_t(size - stream.avail_out)
        library.lzma_end(c.byref(stream))
    if error:
        sys.exit(f"liblzma can't {what}: lzma_ret {error}")
    with open(result, "wb") as file:
        file.write(out.raw[: end.value])


main()
