"""What the work on a device costs, in instructions and memory: a Cortex-M3 that QEMU plays counts them (benches/qemu)."""

import os
import shutil
import subprocess
import sys

import facts

QEMU = os.path.join(facts.ROOT, "benches", "qemu")
NEEDED = {"qemu-system-arm": "qemu-system-arm", "arm-none-eabi-gcc": "gcc-arm-none-eabi"}


def build(folder):
    """Builds the program, with the peer that it measures too, in `folder`."""
    missing = [command for command in NEEDED if not shutil.which(command)]
    if missing:
        packages = " ".join(NEEDED[command] for command in missing)
        sys.exit(f"benches/delta/run: {' and '.join(missing)} missing: apt-get install {packages}")
    commands = [
        [os.path.join(facts.ROOT, "benches", "delta", "hpatchlite"), folder, sys.executable],
        [os.path.join(QEMU, "build"), os.path.join(folder, "libhpatchlite.a")],
    ]
    for command in commands:
        if subprocess.run(command, cwd=facts.ROOT).returncode:
            sys.exit(1)


def run(folder, *words):
    """Has the board do something with files in `folder`; lists of the numbers that it prints, by name."""
    # An instruction takes a nanosecond of QEMU's clock, which the program reads.
    environment = {**os.environ, "QEMU_FLAGS": "-icount shift=0"}
    done = subprocess.run(
        [os.path.join(QEMU, "run"), *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    if done.returncode:
        sys.exit(f"benches/delta/run: {' '.join(words)} on the Cortex-M3: {done.stdout.strip()}")
    numbers = {}
    for line in done.stdout.splitlines():
        name, number = line.split()
        numbers.setdefault(name, []).append(int(number))
    return numbers


def apply(folder, decoder, package, size):
    """Instructions for each byte of the new image, and bytes of memory, of applying `package` to the file `old` there."""
    with open(os.path.join(folder, "package"), "wb") as file:
        file.write(package)
    numbers = run(folder, decoder, "old", "package", "new")
    return {
        "size": len(package),
        "instructions_a_byte": round(numbers["instructions"][0] / size, 1),
        "stack": numbers["stack"][0],
        "static": numbers["static"][0],
    }


def rewrite(folder, package, old_size, new_size):
    """What rewriting the file `old` in place costs, there and back: instructions for each byte written, bytes of memory."""
    with open(os.path.join(folder, "package"), "wb") as file:
        file.write(package)
    numbers = run(folder, "inplace", "old", "package", "new")
    there, back = numbers["instructions"]
    return {
        "size": len(package),
        "there": round(there / new_size, 1),
        "back": round(back / old_size, 1),
        "stack": max(numbers["stack"]),
        "static": numbers["static"][0],
    }


def check_signature(folder, center, curve):
    """Instructions and stack of reading a key and of checking a signature by it; `center` makes both."""
    for command in (
        ["keygen", curve, "--curve", curve],
        ["full", "new", "--target", "2", "--component", "c", "--key", curve, "-o", "signed"],
    ):
        subprocess.run([center, "pack", *command], cwd=folder, check=True, capture_output=True)
    numbers = run(folder, "signature", curve + ".pub", "signed")
    return {"instructions": sum(numbers["instructions"]), "stack": max(numbers["stack"])}
