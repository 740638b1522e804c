"""Files of the application, downloaded one by one."""

from typing import Iterable, List, Optional

class new:
    def download(self, url: str, file_name: str) -> int:
        """Downloads a file of the application: 0, or -1 where it can't be had or does not lie in /usr."""
    def bulk_download(self, info: Iterable[dict] = ()) -> Optional[List[dict]]:
        """Downloads each {url, file_name}; those that failed, or None."""
    def set_update_flag(self) -> int:
        """The files take their places at the next start of `micropython -m application`: 0, or -1 where there are none."""
