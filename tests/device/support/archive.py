# Archives of tar, entry by entry, and what was unpacked of them.
import os


def entry(name, content=b"", kind=b"0", prefix=b"", size=None, checksum=None):
    head = name + bytes(100 - len(name)) + b"0000644\0" * 3
    head += b"%011o\0" % (len(content) if size is None else size) + b"00000000000\0" + b" " * 8 + kind
    head += bytes(100) + b"ustar\0" + b"00" + bytes(80) + prefix + bytes(155 - len(prefix)) + bytes(12)
    checksum = sum(head) if checksum is None else checksum
    head = head[:148] + b"%06o\0 " % checksum + head[156:]
    return head + content + bytes(-len(content) % 512)


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
