"""Package files: made, signed, read and applied by the command line, without a Center."""

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

import terminal
from board import MICROPYTHON
from center import QTH_CENTER

OLD = MICROPYTHON
NEW = os.path.join(os.path.dirname(MICROPYTHON), "..", "unix-1.1.0", "micropython")
DELTA = ("--source", "1.0.0", "--target", "1.1.0", "--component", "QTH-UNIX", "--product", "p111xt", "--sequence", "7")
METHODS = {"lzma", "lzma_longer", "bsdiff"}


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Pack(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="qth-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, bytes):
        with open(self.path(name), "wb") as file:
            file.write(bytes)
        return self.path(name)

    def pack(self, *arguments):
        done = subprocess.run([QTH_CENTER, "pack", *arguments, "--json"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def said(self, *arguments):
        done = subprocess.run([QTH_CENTER, "pack", *arguments], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, *arguments):
        done = subprocess.run([QTH_CENTER, "pack", *arguments], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr

    def test_a_delta_of_two_firmware_images_leads_from_one_to_the_other(self):
        delta, image = self.path("new.pack"), self.path("new.bin")
        made = self.pack("delta", OLD, NEW, *DELTA, "-o", delta)
        self.assertEqual(made["size"], os.path.getsize(delta))
        self.assertLess(made["size"] * 20, os.path.getsize(NEW))
        said = self.pack("inspect", delta)
        self.assertEqual((said["format"], said["source_version"], said["target_version"]), ("delta", "1.0.0", "1.1.0"))
        self.assertEqual((said["component"], said["product"], said["sequence"]), ("QTH-UNIX", "p111xt", 7))
        self.assertEqual(said["source_size"], os.path.getsize(OLD))
        self.assertEqual((said["instructions"], said["interval"], said["method"]), ("x86-64", 32 * 1024, made["method"]))
        self.assertEqual(sum(said["shifts"].values()), made["shifts"])
        self.assertEqual(min(way["payload_size"] for way in made["tried"]), said["payload_size"])
        self.pack("apply", OLD, delta, "-o", image)
        self.assertEqual(content(image), content(NEW))
        self.assertIn("a delta from version '1.0.0'", self.refused("apply", NEW, delta, "-o", image))
        self.assertIn("name the image of that version", self.refused("apply", delta, "-o", image))

    def test_what_a_file_is_made_of_is_never_replaced(self):
        old, new, pack = self.file("old", b"abc" * 1000), self.file("new", b"abc" * 1001), self.path("pack")
        about = ("--target", "2", "--component", "c")
        self.pack("full", new, *about, "-o", pack)
        link = self.path("link")
        os.symlink(new, link)
        for arguments in (
            ("full", new, *about, "-o", new),
            ("full", new, *about, "-o", link),
            ("delta", old, new, "--source", "1", *about, "-o", old),
            ("apply", pack, "-o", pack),
        ):
            self.assertIn("name another file by -o", self.refused(*arguments))
        self.assertEqual((content(old), content(new)), (b"abc" * 1000, b"abc" * 1001))

    def test_small_images_of_any_content(self):
        old, new, delta = self.file("old", b"abc" * 1000), self.file("new", b"abc" * 1000 + b"d"), self.path("d.pack")
        for options in ([], ["--tiny"], ["--interval", "0"], ["--interval", "1024"]):
            again = self.path("again.pack")
            made = self.pack("delta", old, new, *DELTA, "--instructions", "plain", *options, "-o", delta)
            self.pack("delta", old, new, *DELTA, "--instructions", "plain", *options, "-o", again)
            self.assertEqual(content(delta), content(again), "the same each time")
            self.assertEqual({way["method"] for way in made["tried"]}, {"bsdiff"} if options == ["--tiny"] else METHODS)
            self.assertLess(made["size"], 400)
            self.pack("apply", old, delta, "-o", self.path("out"))
            self.assertEqual(content(self.path("out")), content(new))
        self.assertIn("name it", self.refused("delta", old, new, *DELTA, "-o", delta))
        self.assertIn(
            "power of two", self.refused("delta", old, new, *DELTA, "--interval", "1000", "-o", delta, "--instructions", "plain")
        )
        self.assertIn("can't read", self.refused("delta", self.path("none"), new, *DELTA, "-o", delta))

    def test_what_was_tried_and_what_a_package_says_is_readable(self):
        old, new, delta = self.file("old", b"abc" * 1000), self.file("new", b"abc" * 1000 + b"d"), self.path("d.pack")
        said = self.said("delta", old, new, *DELTA, "--instructions", "thumb", "-o", delta)
        self.assertRegex(said, r"d\.pack: \d+ bytes, \d+\.\d % of the image, not signed\n")
        self.assertRegex(said, r"\n(LZMA|LZMA with longer matches|bsdiff), 0 shifts: the smallest of 63 ways tried\n$")
        said = self.said("inspect", delta)
        self.assertRegex(said, r"\ndelta +1\.0\.0 \(\w{8}\) -> 1\.1\.0 \(\w{8}\)\n")
        self.assertRegex(said, r"\nold image +3,000 bytes, SHA-256 \w{64}\n")
        self.assertRegex(said, r"\nbase +0x08000000\n")
        self.assertRegex(said, r"\nrestart +points every 32 KB\n")

    def test_a_terminal_shows_how_far_the_work_is(self):
        old, new = self.file("old", bytes(range(256)) * 40), self.file("new", b"new" + bytes(range(256)) * 40)
        for layout in ([], ["--layout", "16K:8K:1K"]):
            delta = ("delta", old, new, *DELTA, "--instructions", "plain", *layout, "-o", self.path("p.pack"))
            status, shown = terminal.run(QTH_CENTER, "pack", *delta)
            self.assertEqual(status, 0, shown)
            bars, said = shown.split("\r\x1b[K", 1)
            self.assertRegex(bars, r"^(\r\[#* *\] +\d+ %)+$")
            percents = [int(percent) for percent in re.findall(r"(\d+) %", bars)]
            self.assertEqual((percents[0], percents), (0, sorted(percents)))
            self.assertGreater(percents[-1], 80)
            self.assertTrue(said.startswith(self.path("p.pack")), said)
            self.assertNotIn("#", self.said(*delta))

    def test_packages_that_rewrite_a_slot_in_place(self):
        old, new, package = (
            self.file("old", bytes(range(256)) * 20),
            self.file("new", b"new" + bytes(range(256)) * 20),
            self.path("p.pack"),
        )
        delta = ("delta", old, new, *DELTA, "--instructions", "plain", "-o", package)
        for layout in ("inplace", "16K:8K:1K", "1M:65536:4K"):
            made = self.pack(*delta, "--layout", layout)
            self.assertEqual(made["size"], os.path.getsize(package))
            self.assertLess(made["there"]["payload_size"] + made["back"]["payload_size"], 400)
            self.pack("apply", old, package, "-o", self.path("out"))
            self.assertEqual(content(self.path("out")), content(new))
            self.assertIn("a delta from version '1.0.0'", self.refused("apply", new, package, "-o", self.path("out")))
            said = self.pack("inspect", package)
            self.assertEqual((said["format"], said["source_version"], said["target_version"]), ("in place", "1.0.0", "1.1.0"))
            self.assertEqual(said["block"], 1024 if layout == "16K:8K:1K" else 4096)
        os.remove(package)
        for layout, why in (
            ("4K:2K:1K", "an image takes 5120 bytes in whole blocks, and the slot has less"),
            ("16K:1K:1K", "does not fit the staging area"),
            ("16K:8K:1000", "power of two"),
            ("16K:9000:1K", "multiples"),
        ):
            self.assertIn(why, self.refused(*delta, "--layout", layout))
            self.assertFalse(os.path.exists(package), "nothing was written")

    def test_signatures(self):
        package, key = self.path("p.pack"), self.path("key")
        image = self.file("image", b"image" * 100)
        self.pack("full", image, "--target", "2", "--component", "c", "-o", package)
        for curve in ("p256", "p384"):
            os.path.exists(key) and (os.remove(key), os.remove(key + ".pub"))
            self.pack("keygen", key, "--curve", curve)
            self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
            self.assertIn("is there already", self.refused("keygen", key))
            self.pack("sign", package, "--key", key)
            self.assertEqual(self.pack("inspect", package)["signature"], curve.upper().replace("P", "P-"))
            self.pack("verify", package, "--key", key + ".pub")
            self.pack("keygen", self.path("other-" + curve), "--curve", curve)
            self.assertIn("not by this key", self.refused("verify", package, "--key", self.path(f"other-{curve}.pub")))
        bytes = bytearray(content(package))
        bytes[30] ^= 1
        self.refused("verify", self.file("damaged", bytes), "--key", key + ".pub")
        self.assertIn("no package", self.refused("inspect", image))
        self.assertIn("damaged", self.refused("inspect", self.file("short", content(package)[:-1])))
