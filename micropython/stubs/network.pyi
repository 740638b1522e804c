"""Wi-Fi, of modules that have it.

Simulated: one network, which takes every password."""

from typing import Any

STA_IF: int
AP_IF: int
STA_MODE: int
AP_MODE: int
STAT_IDLE: int
STAT_CONNECTING: int
STAT_GOT_IP: int

class WLAN:
    """A station or an access point."""

    def __init__(self, interface_id: int = 0) -> None: ...
    def active(self, is_active: Any = None) -> Any:
        """Turns it on or off; without an argument: whether it is on."""
    def mode(self, mode: Any = None) -> int:
        """Makes it a station or an access point: 0; without an argument: which it is."""
    def scan(self) -> list:
        """[(name, address, channel, dBm, security, hidden), …]."""
    def connect(self, ssid: Any = None, key: Any = None, *, password: Any = None, bssid: Any = None, timeout: Any = None) -> int:
        """Connects: 2000, or -1 of an access point."""
    def disconnect(self) -> None:
        """Disconnects."""
    def isconnected(self) -> bool:
        """Whether it is connected."""
    def status(self, param: Any = None) -> int:
        """One of STAT_…, or the signal in dBm for 'rssi'."""
    def ifconfig(self, config: Any = None) -> Any:
        """(address, mask, gateway, name server)."""
    def config(self, param: Any = None, **settings: Any) -> Any:
        """'mac' or 'ssid'."""
