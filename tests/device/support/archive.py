# Archives of tar, entry by entry, and of zip; what was unpacked of them.
import binascii
import os
import struct


def entry(name, content=b"", kind=b"0", prefix=b"", size=None, checksum=None):
    head = name + bytes(100 - len(name)) + b"0000644\0" * 3
    head += b"%011o\0" % (len(content) if size is None else size) + b"00000000000\0" + b" " * 8 + kind
    head += bytes(100) + b"ustar\0" + b"00" + bytes(80) + prefix + bytes(155 - len(prefix)) + bytes(12)
    checksum = sum(head) if checksum is None else checksum
    head = head[:148] + b"%06o\0 " % checksum + head[156:]
    return head + content + bytes(-len(content) % 512)


def stored(data, is_last=True):
    """A block of RFC 1951 with data as it is."""
    length = len(data).to_bytes(2, "little")
    return bytes([is_last]) + length + bytes(255 - byte for byte in length) + data


def zeros(count):
    """The last block of RFC 1951: a zero, and `count` times 258 zeros more, 13 bits each (fixed codes)."""
    bits = "110" + "00110000" + "1100010100000" * count + "0000000"
    bits += "0" * (-len(bits) % 8)
    return bytes(int("".join(reversed(bits[i : i + 8])), 2) for i in range(0, len(bits), 8))


def zip_of(*entries, comment=b"", kind=0x8000, flags=0, method=8, checksum=None, said=None):
    """PKWARE's APPNOTE: entries of (name, content[, content as it is compressed]); arguments tell lies about the last one."""
    body = directory = b""
    for number, (name, content, *packed) in enumerate(entries):
        is_last = number == len(entries) - 1
        packed = packed[0] if packed else stored(content) if content else b""
        how = (method if is_last else 8) if content else 0
        crc = checksum if is_last and checksum is not None else binascii.crc32(content)
        length = said if is_last and said is not None else len(content)
        common = struct.pack("<HHIIIIHH", flags if is_last else 0, how, 0, crc, len(packed), length, len(name), 0)
        mode = (kind if is_last and not name.endswith(b"/") else 0x8000) << 16
        directory += b"PK\1\2" + b"\x14\x03\x14\0" + common + struct.pack("<HHHII", 0, 0, 0, mode, len(body)) + name
        body += b"PK\3\4" + b"\x14\0" + common + name + packed
    count = len(entries)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + b"PK\5\6" + end + comment


def files(folder):
    found = {}
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            found.update({name + "/" + inside: content for inside, content in files(path).items()})
        else:
            with open(path, "rb") as file:
                found[name] = file.read()
    return found
