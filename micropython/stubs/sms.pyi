"""Text messages.

Simulated: they go out, to nobody, and none comes in."""

from typing import Any, Callable

def sendTextMsg(phoneNumber: str, msg: str, codeMode: str) -> int:
    """Sends: 0, or -1 where it is empty, the number is longer than 20, or the code is neither GSM nor UCS2."""

def sendPduMsg(phoneNumber: str, msg: str, codeMode: str) -> int:
    """The same."""

def deleteMsg(index: int, delmode: int = 0) -> int:
    """-1; 0 for all of them, mode 4."""

def setSaveLoc(mem1: str, mem2: str, mem3: str) -> int:
    """Where messages are kept, SM, ME or MT: 0, or -1 for others."""

def getSaveLoc() -> tuple:
    """([place, used, most], …)."""

def getMsgNums() -> int:
    """0."""

def searchPduMsg(index: int) -> int:
    """-1."""

def searchTextMsg(index: int) -> int:
    """-1."""

def getPduLength(pduMsg: str) -> int:
    """-1."""

def decodePdu(pduMsg: str, pduLen: int) -> int:
    """-1."""

def getCenterAddr() -> str:
    """The network's center for messages."""

def setCenterAddr(addr: str) -> int:
    """Sets it: 0."""

def setCallback(usrFun: Callable[[tuple], Any]) -> int:
    """usrFun((card, index, place)) for each that comes in: 0."""
