"""The mobile network.

Simulated: registered at home in an LTE network 001-01 with one cell; the signal is `QTH_SIGNAL` in dBm."""

from typing import List, Tuple

def csqQueryPoll() -> int:
    """The signal's strength, 0 to 31."""

def getSignal(sinrEnable: int = 0) -> Tuple[List[int], List[int]]:
    """([rssi, bit errors, rscp, ecno], [rssi, rsrp, rsrq, cqi, sinr where asked for])."""

def getState() -> Tuple[List[int], List[int]]:
    """(voice, data), each [state, area, cell, technology, cause of a refusal, code]; state 1 is at home."""

def getCellInfo(sinrEnable: int = 0) -> Tuple[list, list, list]:
    """(GSM, UMTS, LTE) cells; LTE: (0 for serving, cell, mcc, mnc, pci, area, channel, rssi, rsrq, sinr where asked for)."""

def getServingCell() -> tuple:
    """The serving one of getCellInfo()."""

def getCi() -> List[int]:
    """Cells."""

def getServingCi() -> int:
    """The serving cell."""

def getMcc() -> List[int]:
    """Countries of the cells."""

def getServingMcc() -> int:
    """Country of the serving cell."""

def getMnc() -> List[int]:
    """Networks of the cells."""

def getServingMnc() -> int:
    """Network of the serving cell."""

def getLac() -> List[int]:
    """Areas of the cells."""

def getServingLac() -> int:
    """Area of the serving cell."""

def getConfig() -> Tuple[int, bool]:
    """(preferred technology, roaming)."""

def setConfig(mode: int, roaming: int = 0) -> int:
    """Sets both: 0."""

def getNetMode() -> Tuple[int, str, str, int]:
    """(0 for automatic, mcc, mnc, technology)."""

def getModemFun() -> int:
    """1 for full functionality, 0 and 4 for less."""

def setModemFun(fun: int, rst: int = 0) -> int:
    """Sets it: 0."""

def operatorName() -> Tuple[str, str, str, str]:
    """(name, short name, mcc, mnc)."""

def nitzTime() -> Tuple[str, int, int]:
    """(text, seconds since 1970, leap seconds)."""
