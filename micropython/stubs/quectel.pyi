"""How much the firmware logs, and where the device is."""

from typing import Any, Dict, Optional

class Log:
    """How much the firmware itself logs.

    Simulated: this one logs nothing; the level is kept."""

    NONE: int
    ERROR: int
    WARNING: int
    INFO: int
    DEBUG: int

    def __init__(self) -> None: ...
    def set_level(self, level: int) -> None:
        """Sets it."""
    def get_level(self) -> int:
        """What was set."""

class GNSS:
    """The receiver of satellites, its sentences taken apart.

    Simulated: as quecgnss."""

    def start(self) -> bool:
        """Turns it on."""
    def stop(self) -> bool:
        """Turns it off."""
    def get_location(self) -> Optional[Dict[str, Any]]:
        """utc_time, latitude, longitude (degrees), satellites, hdop, altitude (metres); None before start()."""
