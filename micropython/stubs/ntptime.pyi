"""The time from the network.

Simulated: this machine keeps its own clock."""

host: str

def sethost(host: str) -> int:
    """Sets the server: 0."""

def settime(timezone: int = 0) -> int:
    """Sets the clock by the server, and the time zone: 0."""
