"""Where app_fota has its files wait for the next start."""

from typing import Iterable, List, Optional

def get_updater_dir() -> str:
    """The folder: /usr/x.py waits in its usr/x.py."""

def download(url: str, file_name: str) -> int:
    """As app_fota.new().download()."""

def bulk_download(info: Iterable[dict] = ()) -> Optional[List[dict]]:
    """As app_fota.new().bulk_download()."""
