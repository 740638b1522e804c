"""The SIM card.

Simulated: one is in and ready; it asks for no PIN."""

from typing import Any, Callable, Tuple

def getStatus() -> int:
    """1, ready."""

def getImsi() -> str:
    """The subscriber's number, 001010000000001."""

def getIccid() -> str:
    """The card's number, 89001010000000000018."""

def getPhoneNumber() -> int:
    """-1: nobody has written it."""

def getCurSimid() -> int:
    """0, the first card."""

def switchCard(simId: int) -> int:
    """-1: there is no other one."""

def setCallback(usrFun: Callable[[int], Any]) -> int:
    """usrFun(1 or 2) when a card is put in or pulled out: 0."""

def setSwitchcardCallback(usrFun: Callable[[int], Any]) -> int:
    """usrFun(7 or 8) when the cards were switched or could not be: 0."""

def setSimDet(switch: int, triggerLevel: int) -> int:
    """Whether a change of cards is noticed: 0."""

def getSimDet() -> Tuple[int, int]:
    """What was set by setSimDet()."""

def enablePin(pin: str) -> int:
    """-1."""

def disablePin(pin: str) -> int:
    """0."""

def verifyPin(pin: str) -> int:
    """0."""

def changePin(oldPin: str, newPin: str) -> int:
    """-1."""

def unblockPin(puk: str, newPin: str) -> int:
    """-1."""

def writePhonebook(storage: int, index: int, username: str, number: str) -> int:
    """Writes an entry: 0."""

def readPhonebook(storage: int, start: int, end: int, username: str) -> Any:
    """(how many, [(index, name, number), …]) of these indexes or, from 0, of names that begin so; -1 where there is none."""

class vsim:
    """A virtual card.

    Simulated: there is none."""

    @staticmethod
    def enable() -> int:
        """-1."""
    @staticmethod
    def disable() -> int:
        """0."""
    @staticmethod
    def queryState() -> int:
        """0, off."""
