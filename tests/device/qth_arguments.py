# Arguments: a wrong type raises TypeError; the right type with a value that can't be accepted is False.
import Qth

KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy9PMzembcZbtlPBB94PFyWSicc4o
izx+uGw/G03IaH6Wi+l565lwdtSCt/OMbbKGcHR89AKK+nnKa8YdBDRwlg==
-----END PUBLIC KEY-----
"""


def nothing(*args):
    pass


Qth.init()
print("init again", Qth.init())
print("start without product", Qth.start())

print("product", [Qth.setProductInfo(pk, ps) for pk, ps in (("", "s"), ("k", ""), ("k" * 33, "s"), ("k", "s" * 33), ("k", "s"))])
print(
    "server", [Qth.setServer(url) for url in ("", "http://a", "mqtt://", "mqtt://a:0", "a b", "mqtt://a", "mqtts://a:1", "a:2")]
)
print("lifetime", [Qth.setLifetime(seconds) for seconds in (-1, 0, 20, 601, 1 << 70, 21, 600)])
print("device key", [Qth.setDK(dk) for dk in ("", "1" * 17, "1" * 16)])
print("version", [Qth.setVer(version) for version in ("", "v" * 65, "v" * 64)])
print("security", [Qth.setBsEt(name) for name in ("psk", "tls", "cer", "TCP", "", "tcp")], Qth.getBsEt())
print(
    "session", Qth.getSessionFlag(), Qth.setSessionFlag(True), Qth.getSessionFlag(), Qth.setSessionFlag(0), Qth.getSessionFlag()
)
print("session", Qth.setSessionFlag(2))
print(
    "signing key",
    [Qth.setOtaKey(pem) for pem in ("", "-----BEGIN PUBLIC KEY-----", KEY.replace("MFk", "MFg"))],
    repr(Qth.getOtaKey()),
)
print("signing key", Qth.setOtaKey(KEY), Qth.getOtaKey() == KEY)
print("APN", Qth.setApn("internet", "", ""), Qth.setApn("internet"), Qth.setApn("internet", "user"))
print(
    "MCU",
    [Qth.setMcuVer(name, version, nothing, nothing) for name, version in (("", "1"), ("M", ""), ("M" * 33, "1"), ("M", "1"))],
)
print("MCUs", [Qth.setMcuVer("M%d" % number, "1", nothing, nothing) for number in range(8)])
print(
    "not connected",
    Qth.otaRequest(),
    Qth.otaRequest(1),
    Qth.otaRequest(2),
    [Qth.otaAction(action) for action in (-1, 0, 1, 2, 3, 4)],
)
print(
    "not started",
    Qth.sendTrans(1, "x"),
    Qth.sendTsl(1, {1: 1}),
    Qth.sendDevInfo([1]),
    Qth.sendDevStatus([1]),
    Qth.sendOutsideLocation("$"),
)
print("MCU package", Qth.mcuFWDataRead(0, 16))

wrong = (
    ("setProductInfo", ("k", 1)),
    ("setProductInfo", (b"k", "s")),
    ("setServer", (None,)),
    ("setLifetime", ("120",)),
    ("setLifetime", (120.0,)),
    ("setDK", (1,)),
    ("setVer", (1,)),
    ("setEventCb", (None,)),
    ("setMcuVer", ("M", "1", 1, nothing)),
    ("setMcuVer", ("M", 1, nothing, nothing)),
    ("setAppVer", ("1", 1)),
    ("setApn", ("a", "b", None)),
    ("setBsEt", (0,)),
    ("setSessionFlag", ("on",)),
    ("setOtaKey", (b"",)),
    ("sendTrans", ("0", "x")),
    ("sendTrans", (0, 1)),
    ("sendTsl", (0, [])),
    ("ackTsl", (0, {}, "1")),
    ("ackTslServer", (0, "1", {}, 1)),
    ("sendOutsideLocation", (b"$",)),
    ("getDevInfo", (1,)),
    ("getDevStatus", (["1"],)),
    ("sendDevInfo", (None,)),
    ("sendDevStatus", (1,)),
    ("otaRequest", (None,)),
    ("otaAction", ("1",)),
    ("mcuFWDataRead", ("0", 1)),
    ("ackDevInfo", ([1], None)),
    ("ackDevStatus", (1, 1)),
    ("apply_pending_update", (1,)),
    ("start", (1,)),
)
for name, arguments in wrong:
    try:
        print(name, arguments, "accepted:", getattr(Qth, name)(*arguments))
    except TypeError:
        print(name, "TypeError")

# Arguments may be given by their names.
print(Qth.setProductInfo(ps="s", pk="k"), Qth.setProductInfo("k", ps=""), Qth.setApn("a", password="p"), Qth.otaRequest(mode=0))
for call in (
    lambda: Qth.setProductInfo(pk="k"),
    lambda: Qth.setProductInfo("k", "s", "x"),
    lambda: Qth.setProductInfo("k", pk="k"),
    lambda: Qth.setServer(uri="a"),
):
    try:
        print("accepted:", call())
    except TypeError as error:
        print(error)
