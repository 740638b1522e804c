"""Threads. One runs at a time, as on a device."""

from typing import Any, Callable, Tuple

class LockType:
    def acquire(self, waitflag: int = 1) -> bool:
        """Takes the lock; False where it is taken and must not be waited for."""
    def release(self) -> None:
        """Lets go of the lock."""
    def locked(self) -> bool:
        """Whether somebody has it."""

class semaphore:
    def acquire(self, wait: bool = True) -> bool:
        """Takes one; False where there is none and it must not be waited for."""
    def release(self) -> bool:
        """Gives one back. False where it has as many as it can."""
    def getCnt(self) -> Tuple[int, int]:
        """(the most that it can have, what it has)."""

def get_ident() -> int:
    """The number of the thread that calls."""

def start_new_thread(function: Callable[..., Any], args: tuple) -> int:
    """Starts a thread and returns its number."""

def stack_size(size: int = 0) -> int:
    """Sets the stack of threads to come, in bytes.

    Simulated: a thread has at least 64 KB, whatever is asked for."""

def exit() -> None:
    """Ends the thread that calls."""

def threadIsRunning(thread_id: int) -> bool:
    """Whether it lives."""

def stop_thread(thread_id: int) -> None:
    """Ends a thread; 0 is the one that calls. The main thread raises ValueError.

    Simulated: an exception ends it, so that `with` lets go of its lock. One that waits for a lock ends when it has got it."""

def join(thread_id: int) -> None:
    """Waits until a thread has ended."""

def get_heap_size() -> int:
    """Bytes of memory that are free."""

def allocate_lock() -> LockType:
    """A lock."""

def delete_lock(lock: LockType) -> None:
    """Does away with a lock."""

def allocate_semphore(initcount: int) -> semaphore:
    """A semaphore that has so many, and at most so many. 0: it has none, and at most 1."""

def allocate_semaphore(initcount: int) -> semaphore:
    """The same in the usual spelling."""

def delete_semphore(semphore: semaphore) -> None:
    """Does away with a semaphore."""

def delete_semaphore(semphore: semaphore) -> None:
    """The same in the usual spelling."""
