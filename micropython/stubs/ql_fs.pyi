"""Whole files and folders."""

from typing import Any

def path_exists(file_path: str) -> bool:
    """Whether there is a file or folder."""

def path_dirname(file_path: str) -> str:
    """The folder that it is in."""

def path_getsize(file_path: str) -> int:
    """A file's size in bytes."""

def mkdirs(dir_path: str) -> None:
    """Makes a folder and those above it."""

def rmdirs(dir_path: str) -> None:
    """Removes a folder and what is in it."""

def touch(file: str, data: dict) -> int:
    """Writes a dict as JSON: 0, or -1 where it can't be written."""

def read_json(file: str) -> Any:
    """The dict of a JSON file, the text of another one, None where it can't be read."""

def file_copy(dst: str, src: str) -> bool:
    """Copies a file: True."""
