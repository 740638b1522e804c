"""Connects the device to a Developer Center: data in both directions, and firmware upgrades over the air.

    import Qth

    def plan(plans):
        Qth.otaAction(1)

    Qth.init()
    Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
    Qth.setEventCb({"ota": {"otaPlan": plan, "fotaResult": print}})
    Qth.start()

Nothing here waits for the network; what happens is told to callbacks, one after the other, in a thread of their own where
the port has threads. Every function may be called from a callback and from any thread, with arguments by position or by
name. A wrong type raises TypeError; a value of the right type that can't be accepted returns False.
"""

from typing import Any, Callable, Literal, TypedDict, Union

_Value = Union[bool, int, float, str, bytes, "dict[int, _Value]", "list[_Value]"]
_Mode = Literal[0, 1, 2]
_Plan = tuple[int, str, str, str, int, int, int]

class _Ota(TypedDict, total=False):
    otaPlan: Callable[[list[_Plan]], Any]
    """Upgrades are offered: a list of tuples (component type, component, source version, target version, minimum battery %,
    required space in bytes, minimum signal). Type 0 is the module, 1 an MCU; what the plan does not carry is 0 or ''.
    Answer by otaAction()."""
    fotaResult: Callable[[str, bool], Any]
    """An upgrade of a component has ended: (component, True or False). After a successful one the new firmware calls it."""

class _Events(TypedDict, total=False):
    devEvent: Callable[[int, int], Any]
    """(event, result). Event 1: network, 2: interaction with the Center, 3: reset. Result 0: connected and ready, or done;
    otherwise an error code below 0."""
    recvTrans: Callable[[bytes], Any]
    """Transparent data came."""
    recvTsl: Callable[[dict[int, _Value]], Any]
    """TSL data came: {id: value}."""
    readTsl: Callable[[list[int], int], Any]
    """The Center asks for the TSL data of these ids: (ids, package id). Answer by ackTsl()."""
    readTslServer: Callable[[int, dict[int, _Value], int], Any]
    """A TSL service is called: (service id, input, package id). Answer by ackTslServer()."""
    ota: _Ota
    """Callbacks for firmware upgrades."""

def init() -> bool:
    """Initialises the module; comes before start(). What was set before counts. A second call is True and changes nothing."""

def start() -> bool:
    """Connects in the background and keeps connected; returns at once. devEvent (2, 0) tells that the device is ready."""

def stop() -> None:
    """Disconnects. A later start() works again."""

def state() -> bool:
    """True while the device is connected and subscribed."""

def reset() -> None:
    """Forgets the device secret, so that the device is unbound, and connects anew when it was running. The result arrives
    as devEvent 3."""

def setProductInfo(pk: str, ps: str) -> bool:
    """Sets the product's key and secret. False when one is empty or longer than 32 characters."""

def setServer(url: str) -> bool:
    """Sets the Center's address: mqtt://host:port, mqtts://host:port or host:port. False when it is none of these."""

def setLifetime(lifetime: int) -> bool:
    """Sets the keep alive in seconds, 21 to 600, at first 120. False outside."""

def setDK(dk: str) -> bool:
    """Sets the device key; without it, it is the board's IMEI or MAC address."""

def setVer(version: str) -> bool:
    """Sets the module's version where the firmware's own is to be replaced."""

def setEventCb(eventlist: _Events) -> bool:
    """Sets the callbacks. Keys may be missing; one that does not exist raises ValueError, a value that can't be called
    TypeError. Callbacks of an earlier call that are not named again stay."""

def setMcuVer(comp_no: str, version: str, infoCB: Callable[..., Any], resultCB: Callable[[str, bool], Any]) -> bool:
    """Registers an external MCU as a component, with the version that it runs.

    infoCB(component, version, url, [size,] md5, crc) tells of a package; it gets the size when it takes six arguments.
    resultCB(component, result) tells the outcome. Call this again after the MCU was updated: the upgrade has succeeded when
    the version is the plan's target.

    The script downloads the package from the url itself, or has the module do it: otaAction(2), mcuFWDataRead() until all is
    read, otaAction(3). After a restart infoCB is called again."""

def setAppVer(version: str, resultCB: Callable[[str, bool], Any]) -> bool:
    """Registers the Python application as a component of its own, "APP" unless the firmware names it otherwise, with the
    version that runs.

    A package is a .py or .mpy file, or an archive: a zip, or a tar, compressed by gzip or not. It is unpacked beside the
    application and takes its place at a restart, which follows at once; without main.py or main.mpy its files replace or
    join those of the application. It is on trial until it has called setAppVer() with the plan's target and the Center
    knows: an exception, or three starts, and the application before it is back. resultCB(component, result) tells the
    outcome. The firmware starts the application by its frozen module `application`; without that this raises ImportError."""

def apply_pending_update() -> bool:
    """Whether an update of the application took its place at this start, by the firmware's frozen module `application`, before
    the application ran. Without that module this raises ImportError."""

def setApn(apn: str, username: str = "", password: str = "") -> bool:
    """Sets the mobile network's access point. Kept for the board; without effect where there is no modem."""

def setBsEt(type: Literal["tcp", "psk", "tls", "cer"]) -> bool:
    """Sets the transport's security. False when the board does not have it."""

def getBsEt() -> str:
    """The transport's security: 'tcp', 'psk', 'tls' or 'cer'."""

def setSessionFlag(flag: bool) -> bool:
    """Asks the Center for an encrypted session from the next connection on."""

def getSessionFlag() -> bool:
    """Whether an encrypted session is asked for."""

def setOtaKey(key: str) -> bool:
    """Sets the public key that packages must be signed with, P-256 or P-384 in PEM; call it before start(), at every start.

    From then on nothing is installed that is not signed by it: no plain image, no unsigned package, none that is not newer than
    the one installed. False when it is no such key, or this firmware is built without packages, or without P-384.
    """

def getOtaKey() -> str:
    """The public key that packages must be signed with, '' when none is set."""

def sendTrans(mode: _Mode, value: Union[str, bytes]) -> bool:
    """Sends transparent data. The mode is the quality of service: 0 at most once, 1 at least once, 2 exactly once.

    With mode 1 or 2 a message waits for the connection, and is sent again after a lost one until it is acknowledged, in
    order. False when the value is empty or longer than 1024 bytes, when the device was not started, with mode 0 when it is
    not connected, and when about 1500 bytes wait already."""

def sendTsl(mode: _Mode, value: dict[int, _Value]) -> bool:
    """Reports TSL data, {id: value}, where an id may be its digits as text, as in JSON; see sendTrans() for the mode. True, and
    nothing is sent, when it is empty."""

def ackTsl(mode: _Mode, value: dict[int, _Value], pkgId: int) -> bool:
    """Answers readTsl, with its package id."""

def ackTslServer(mode: _Mode, serverId: int, value: dict[int, _Value], pkgId: int) -> bool:
    """Answers readTslServer, with its service id and package id."""

def sendOutsideLocation(nmea: str) -> bool:
    """Reports a place: NMEA sentences or $LBS,… and $WIFI,… texts, several joined by ';'. The latter two get their checksum,
    whatever they had. False when another checksum is wrong, or the device is not connected."""

def getDevInfo(ids: list[int]) -> dict[int, _Value]:
    """Device information by id."""

def getDevStatus(ids: list[int]) -> dict[int, _Value]:
    """Device status by id: 1 battery %, 2 voltage V, 3 signal dBm, 4 free flash in bytes, 5 RSRP, 6 RSRQ, 7 SNR."""

def sendDevInfo(ids: list[int]) -> bool:
    """Reports device information to the Center."""

def sendDevStatus(ids: list[int]) -> bool:
    """Reports device status to the Center."""

def ackDevInfo(ids: list[int], pkgId: int) -> bool:
    """Answers a read of device information with its package id. The module answers each read by itself."""

def ackDevStatus(ids: list[int], pkgId: int) -> bool:
    """Answers a read of device status with its package id. The module answers each read by itself."""

def otaRequest(mode: int = 0) -> bool:
    """Asks the Center for upgrade plans; they arrive at otaPlan. Mode 1: packages are checked by SHA-256. False when not
    connected."""

def otaAction(otaAction: Literal[0, 1, 2, 3]) -> bool:
    """Answers an upgrade plan: 0 refuses, 1 accepts. For an MCU: 2 has the module download the package, and is True from
    then on, however often it is called; 3 tells that the MCU is being updated. False when there is nothing to answer, and
    for 2 where the board has no slot as large as the package."""

def mcuFWDataRead(addr: int, len: int) -> Union[bytes, None]:
    """Reads a downloaded MCU package, up to `len` bytes from `addr`; None until all of it was downloaded and verified,
    and behind its end. The upgrade fails when 60 seconds pass without a read."""
