"""The receiver of satellites.

Simulated: it moves along a street, or says what is in the file that `QTH_GNSS` names."""

from typing import Tuple

def init() -> int:
    """Turns it on: 0."""

def gnssEnable(opt: int) -> int:
    """Turns it on or off: 0."""

def get_state() -> int:
    """0 off, 2 positioning."""

def read(size: int) -> Tuple[int, str]:
    """(length, text): what it said last, at most so many characters; (-1, '') before init()."""

def getPriority() -> int:
    """0: satellites before LTE, 1: LTE before satellites."""

def setPriority(Priority: int) -> int:
    """Sets it: 0, or -1 for others."""

def configGet(config_type: int) -> int:
    """A setting: 0 systems, 1 sentences (1 GGA, 2 RMC, 4 GSV, 8 GSA, 16 VTG, 32 GLL, added), 2 assistance, 3 its storage, 4
    backup power; -1 for others."""

def configSet(config_type: int, config_value: int) -> int:
    """Sets one: 0, or -1 where there is no such setting."""
