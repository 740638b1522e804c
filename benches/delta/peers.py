"""Deltas of other tools, from PyPI and Debian, each at its smallest."""

import io
import lzma
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYPI = ["hdiffpatch==2.6.0", "detools==0.53.0", "bsdiff4==1.3.2"]


def with_peers():
    """Has the script go on in a Python that has the packages from PyPI; commands from Debian have to be there."""
    missing = [command for command in ("xdelta3", "zstd") if not shutil.which(command)]
    if missing:
        sys.exit(f"benches/delta/run: {' and '.join(missing)} missing: apt-get install {' '.join(missing)}")
    made = subprocess.run([os.path.join(ROOT, ".ci", "pypi"), *PYPI], stdout=subprocess.PIPE, text=True)
    if made.returncode:
        sys.exit(1)
    folder = os.path.realpath(made.stdout.strip())
    if os.path.realpath(sys.prefix) != os.path.dirname(folder):
        python = os.path.join(folder, "python")
        os.execv(python, [python, *sys.argv])


def xz(data):
    return lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)


def bsdiff(pair):
    import bsdiff4

    return len(bsdiff4.diff(pair.old, pair.new))


def bsdiff_xz(pair):
    """The same patch without bzip2 inside, and xz around; its header of 32 bytes is left out."""
    from bsdiff4 import core

    return len(xz(b"".join(core.diff(pair.old, pair.new))))


def detools(pair):
    """Both its algorithms, all its compressions, and for Thumb its own format, told where code and data are."""
    import detools as peer

    def size(**options):
        patch = io.BytesIO()
        peer.create_patch(io.BytesIO(pair.old), io.BytesIO(pair.new), patch, use_mmap=False, **options)
        return len(patch.getvalue())

    ways = [{"algorithm": "bsdiff", "patch_type": "sequential"}, {"algorithm": "hdiffpatch", "patch_type": "hdiffpatch"}]
    if pair.is_thumb:
        ways.append(
            {
                **ways[0],
                "data_format": "arm-cortex-m4",
                **segments("from", pair.base, pair.old, pair.old_code),
                **segments("to", pair.base, pair.new, pair.new_code),
            }
        )
    return min(size(compression=name, **way) for way in ways for name in ("lzma", "crle", "bz2", "zstd", "heatshrink"))


def segments(side, base, image, code_end):
    """Code up to an address, data from there to the end, in words."""
    end = base + len(image) // 4 * 4
    return {
        f"{side}_code_begin": base,
        f"{side}_code_end": code_end,
        f"{side}_data_begin": code_end,
        f"{side}_data_end": end,
        f"{side}_data_offset_begin": code_end - base,
        f"{side}_data_offset_end": end - base,
    }


def hdiffpatch(pair):
    import hdiffpatch as peer

    lite = [len(peer.diff_lite(pair.old, pair.new, compression=name)) for name in ("tuz", "lzma", "none")]
    return min(lite + [len(peer.diff(pair.old, pair.new, compression=name)) for name in ("lzma", "zstd", "bzip2", "tuz")])


def hpatchlite(pair):
    """The patch for a device with 5 KB of memory."""
    import hdiffpatch as peer

    return peer.diff_lite(pair.old, pair.new, compression=peer.TuzConfig(dict_size=4096, literal_line=True))


def xdelta3(pair):
    def size(secondary):
        subprocess.run(["xdelta3", "-e", "-9", "-S", secondary, "-f", "-s", pair.old_path, pair.new_path, pair.out], check=True)
        return os.path.getsize(pair.out)

    return min(size(secondary) for secondary in ("lzma", "djw", "none"))


def zstd(pair):
    subprocess.run(
        ["zstd", "-qq", "-f", "--ultra", "-22", "--long=27", f"--patch-from={pair.old_path}", pair.new_path, "-o", pair.out],
        check=True,
    )
    return os.path.getsize(pair.out)


PEERS = {"bsdiff": bsdiff, "bsdiff+xz": bsdiff_xz, "detools": detools, "HDiffPatch": hdiffpatch, "xdelta3": xdelta3, "zstd": zstd}
