# MicroPython's network, of which QuecPython's modules with Wi-Fi have WLAN: one access point, which takes every password.
import modem

# MicroPython's names and QuecPython's.
STA_IF, AP_IF = STA_MODE, AP_MODE = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
_NAME = b"Test network"
_CONNECTED = 2000  # QuecPython's answer of connect()


class WLAN:
    def __init__(self, interface_id=STA_IF):
        self._mode = interface_id
        self._is_active = False
        self._is_connected = False

    def active(self, is_active=None):
        if is_active is None:
            return self._is_active
        self._is_active = bool(is_active)
        self._is_connected = self._is_connected and self._is_active

    def mode(self, mode=None):
        if mode is None:
            return self._mode
        self._mode = mode
        return 0

    def scan(self):
        # Name, address, channel, dBm, WPA2, not hidden.
        return [(_NAME, b"\x02\x00\x00\x00\x00\x01", 6, -50, 3, False)] if self._is_active else []

    def connect(self, ssid=None, key=None, *, password=None, bssid=None, timeout=None):
        if self._mode != STA_IF:
            return -1
        self._is_active = self._is_connected = True
        return _CONNECTED

    def disconnect(self):
        self._is_connected = False

    def isconnected(self):
        return self._is_connected

    def status(self, param=None):
        if param == "rssi":
            return -50
        return STAT_GOT_IP if self._is_connected else STAT_IDLE

    def ifconfig(self, config=None):
        if config is None:
            return ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1") if self._is_connected else ("0.0.0.0",) * 4

    def config(self, param=None, **settings):
        if param == "mac":
            return bytes(int(part, 16) for part in modem.getDevMAC().split(":"))
        if param in ("ssid", "essid"):
            return _NAME.decode()
        if param is not None:
            raise ValueError("unknown config param")
