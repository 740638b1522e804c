"""The vendor's own upgrades of firmware.

Simulated: each one fails; firmware is upgraded by Qth.otaRequest()."""

from typing import Any, Callable, Optional

class fota:
    def __init__(self, reset_disable: int = 0) -> None: ...
    def httpDownload(
        self, url1: Optional[str] = None, url2: Optional[str] = None, callback: Optional[Callable[[list], Any]] = None
    ) -> int:
        """-1."""
    def apn_set(
        self,
        fota_apn: Optional[str] = None,
        ip_type: Optional[int] = None,
        fota_user: Optional[str] = None,
        fota_password: Optional[str] = None,
    ) -> int:
        """0."""
    def download_cancel(self) -> int:
        """0."""
    def write(self, bytesData: bytes, file_size: int) -> int:
        """-1."""
    def flush(self) -> int:
        """-1."""
    def verify(self) -> int:
        """-1."""
