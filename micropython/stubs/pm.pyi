"""What keeps the module awake.

Simulated: it never sleeps, and keeps account."""

from typing import List, Optional

def create_wakelock(lock_name: str, name_size: Optional[int] = None) -> int:
    """A new lock's number."""

def delete_wakelock(lpm_fd: int) -> int:
    """0, or -1 where there is no such lock."""

def wakelock_lock(lpm_fd: int) -> int:
    """Keeps the module awake: 0, or -1 where there is no such lock."""

def wakelock_unlock(lpm_fd: int) -> int:
    """No longer: 0, or -1 where it does not."""

def autosleep(sleep_flag: int) -> int:
    """Whether it may sleep at all: 0."""

def get_wakelock_num() -> int:
    """How many locks there are."""

def set_psm_time(*args: int) -> int:
    """(mode), or (unit of the period, period, unit of the activity, activity): 1, or -1 for others."""

def get_psm_time() -> List[int]:
    """[mode, unit of the period, period, unit of the activity, activity]."""
