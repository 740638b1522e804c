"""Is the network ready?

Simulated: always."""

from typing import Tuple

def waitNetworkReady(timeout: int = 60) -> Tuple[int, int]:
    """(3, 1): the data connection is up."""

def wait_network_connected(timeout: int = 60) -> Tuple[int, int]:
    """The same."""

class CheckNetwork:
    """The same as an object."""

    def __init__(self, project_name: str, project_version: str) -> None: ...
    def poweron_print_once(self) -> None:
        """Prints name and version of the project and the firmware's."""
    def wait_network_connected(self, timeout: int = 60) -> Tuple[int, int]:
        """(3, 1)."""
