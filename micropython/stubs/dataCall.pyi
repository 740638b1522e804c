"""The data connection.

Simulated: it is up on this machine's loopback; settings last until the next restart."""

from typing import Any, Callable

def setPDPContext(profileID: int, ipType: int, apn: str, username: str, password: str, authType: int) -> int:
    """Sets how a profile connects: 0."""

def getPDPContext(profileID: int) -> Any:
    """(ip type, apn, user, password, authentication), or -1 where it was not set."""

def setApn(
    profileID: int, ipType: int, apn: str, username: str, password: str, authType: int, flag: int = 0, simID: int = 0
) -> int:
    """The same under its older name: 0."""

def start(profileID: int, ipType: int, apn: str, username: str, password: str, authType: int) -> int:
    """Sets and connects: 0."""

def activate(profileID: int) -> int:
    """Connects: 0."""

def deactivate(profileID: int) -> int:
    """Disconnects: 0. Sockets go on."""

def setAutoActivate(profileID: int, enable: int) -> int:
    """Whether it connects at a start: 0."""

def setAutoConnect(profileID: int, enable: int) -> int:
    """Whether it connects again: 0."""

def setDNSServer(profileID: int, simID: int, priDNS: str, secDNS: str) -> int:
    """Sets the name servers: 0."""

def setCallback(fun: Callable[[list], Any]) -> int:
    """fun([profile, up]) when the connection changes, which it does not: 0."""

def getInfo(profileID: int, ipType: int) -> tuple:
    """(profile, ip type, [up, 0, address, name server, second]), and for type 2 both IPv4 and IPv6."""
