# Values of TSL data: what can be written, and what is refused how.
import Qth

Qth.init()
loop = []
loop.append(loop)
deep = 1
for _ in range(9):
    deep = {1: deep}

for value in (
    {},
    {1: True, 2: -(2**63), 3: 2**63 - 1, 4: 0.1, 5: "text", 6: b"bytes", 7: bytearray(3), 8: {1: {8191: 1}}, 9: [1, [], (2,)]},
    {1: "x" * 1100},
    {1: 2**63},
    {1: -(2**63) - 1},
    {1: float("nan")},
    {1: 1e300},
    {0: 1},
    {8192: 1},
    {-1: 1},
    {2**70: 1},
    {"1": 1, "8191": {"2": 1}},
    {"8192": 1},
    {"": 1},
    {"1a": 1},
    {"99999999999999999999": 1},
    {b"1": 1},
    {1: None},
    {1: {1: print}},
    {1: [1, object()]},
    {1: deep},
    {1: loop},
):
    try:
        # Nothing is connected, so what can be written is not sent.
        print(Qth.sendTsl(0, value))
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
