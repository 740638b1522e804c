"""Where the device is, by the cells that it sees.

Simulated: where the street of quecgnss begins."""

from typing import Any

def getLocation(serverAddr: str, port: int, token: str, timeout: int = 300, profileIdx: int = 1) -> Any:
    """(longitude, latitude, accuracy in metres), or an error: 2 address, 3 token, which has 16 characters, 4 timeout."""
