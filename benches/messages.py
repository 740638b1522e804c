"""Messages from Python: how many a second reach a broker with QoS 1, and what each takes of MicroPython's heap.

The peer is umqtt.simple, the client that most MicroPython scripts use, on the same firmware and with the same broker.
"""

import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FIRMWARE = os.path.join(ROOT, "build", "unix", "micropython")
UMQTT = "micropython-umqtt.simple==1.3.4"
MESSAGES = 4000
RUNS = 5
# Times as many messages a second as the peer, and bytes of heap for a message that is bytes already.
RATE_TARGET, HEAP_TARGET = 5, 0

# Bytes for each of ten messages, without what the loop itself takes.
HEAP = """
def heap():
    start = gc.mem_alloc()
    run(0)
    loop = gc.mem_alloc()
    run(10)
    return (gc.mem_alloc() - loop - (loop - start)) / 10
"""

QTH = """
import gc, time
import Qth
Qth.init()
Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
Qth.setServer("127.0.0.1:{port}")
Qth.start()
while not Qth.state(): time.sleep_ms(1)
time.sleep_ms(100)
data, value = b"m" * 64, {{1: 21, 2: True, 3: 1000}}
def run(count):
    for _ in range(count):
        while not {send}: time.sleep_us(50)
HEAP
run({messages})
time.sleep_ms(300)
gc.collect(); gc.disable()
print("heap", heap())
time.sleep_ms(300)
Qth.stop()
"""

PEER = """
import gc, time
from umqtt.simple import MQTTClient
client = MQTTClient("peer", "127.0.0.1", {port}, keepalive=60)
client.connect()
data = b"m" * 64
def run(count):
    for _ in range(count):
        client.publish(b"q/2/d/peer/bus", data, qos=1)
HEAP
run({messages})
gc.collect(); gc.disable()
print("heap", heap())
client.disconnect()
"""


class Broker:
    """Takes one client in and acknowledges what it publishes; keeps the moments at which data came."""

    # Command 0x00B4 with a device secret, as a device awaits it after its subscription (wire protocol, section 4).
    SECRET = struct.pack(">HHHH", 1, 0x00B4, 5 << 3 | 3, 32) + b"s" * 32

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.moments = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        client, _ = self.listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = b""
        while True:
            # The peer writes a message in small pieces: without this each would wait 40 ms for the system's acknowledgement.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            try:
                received = client.recv(65536)
            except OSError:
                return
            if not received:
                return
            data += received
            answers, at = bytearray(), 0
            while at + 2 <= len(data):
                length, body = data[at + 1], at + 2
                if length & 0x80:
                    if at + 3 > len(data):
                        break
                    length, body = length & 0x7F | data[at + 2] << 7, at + 3
                if body + length > len(data):
                    break
                self._answer(data[at], memoryview(data)[body : body + length], answers)
                at = body + length
            data = data[at:]
            client.sendall(answers)

    def _answer(self, head, body, answers):
        kind = head >> 4
        if kind == 3:
            topic = body[0] << 8 | body[1]
            if head & 6:
                answers += b"\x40\x02" + body[2 + topic : 4 + topic]
            if bytes(body[2 + topic - 4 : 2 + topic]) == b"/bus":
                self.moments.append(time.perf_counter())
        elif kind == 1:
            answers += b"\x20\x02\x00\x00"
        elif kind == 8:
            answers += b"\x90\x03" + bytes(body[:2]) + b"\x01"
            frame = b"\xaa\xaa" + struct.pack(">HB", len(self.SECRET) + 1, sum(self.SECRET) & 0xFF) + self.SECRET
            topic = b"q/1/d/x/sys"
            packet = struct.pack(">H", len(topic)) + topic + frame
            answers += bytes((0x30, len(packet))) + packet
        elif kind == 12:
            answers += b"\xd0\x00"


def umqtt():
    """The folder that holds the peer, fetched once."""
    folder = os.path.join(ROOT, "build", "umqtt")
    if not os.path.exists(os.path.join(folder, "umqtt", "simple.py")):
        # It is no Python project that pip could take, but pip says where it is.
        said = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--no-deps", UMQTT], capture_output=True, text=True
        ).stderr
        address = re.search(r"from (https?://\S+\.tar\.gz)", said)
        if not address:
            raise SystemExit(f"benches/messages: pip does not find {UMQTT}:\n{said}")
        with urllib.request.urlopen(address[1]) as response, tarfile.open(fileobj=response, mode="r|gz") as archive:
            content = next(archive.extractfile(entry).read() for entry in archive if entry.name.endswith("umqtt/simple.py"))
        os.makedirs(os.path.join(folder, "umqtt"), exist_ok=True)
        with open(os.path.join(folder, "umqtt", "simple.py"), "wb") as file:
            file.write(content)
    return folder


def one(script, **values):
    """Messages a second, and bytes of heap for each."""
    broker = Broker()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "script.py")
        with open(path, "w") as file:
            file.write(script.replace("HEAP", HEAP).format(port=broker.port, messages=MESSAGES, **values))
        environment = dict(os.environ, MICROPYPATH=umqtt() + ":.frozen")
        done = subprocess.run([FIRMWARE, path], env=environment, capture_output=True, text=True, timeout=60)
    broker.listener.close()
    heap = re.search(r"heap ([0-9.]+)", done.stdout)
    if not heap or len(broker.moments) < MESSAGES:
        raise SystemExit(
            f"benches/messages: {len(broker.moments)} messages arrived; the script said:\n{done.stdout}{done.stderr}"
        )
    moments = broker.moments[:MESSAGES]
    return (MESSAGES - 1) / (moments[-1] - moments[0]), float(heap[1])


def messages():
    scripts = {
        "Qth.sendTrans(1, bytes)": (QTH, {"send": "Qth.sendTrans(1, data)"}),
        "Qth.sendTsl(1, {3 values})": (QTH, {"send": "Qth.sendTsl(1, value)"}),
        "umqtt publish(qos=1)": (PEER, {}),
    }
    print(f"{'messages from Python, QoS 1':<32}{'a second':>9}{'ratio':>9}{'heap':>9}  bytes each")
    results = {name: [] for name in scripts}
    for _ in range(RUNS):
        for name, (script, values) in scripts.items():
            results[name].append(one(script, **values))
    peer = statistics.median(rate for rate, _ in results["umqtt publish(qos=1)"])
    report = {}
    for name, samples in results.items():
        rate, heap = statistics.median(rate for rate, _ in samples), statistics.median(heap for _, heap in samples)
        report[name] = {"per_second": round(rate), "ratio": round(rate / peer, 2), "heap_bytes": heap}
        print(f"  {name:<30}{rate:>9.0f}{rate / peer:>9.1f}{heap:>9.0f}")
    best = report["Qth.sendTrans(1, bytes)"]
    for what, value, target, is_met in (
        ("rate", best["ratio"], f"at least {RATE_TARGET} times umqtt's", best["ratio"] >= RATE_TARGET),
        ("heap", best["heap_bytes"], f"{HEAP_TARGET} bytes", best["heap_bytes"] <= HEAP_TARGET),
    ):
        print(f"  target of {what}: {target}, " + ("met" if is_met else f"MISSED with {value}"))
    return report
