"""Runs scripts, from the interactive prompt."""

def exec(filePath: str) -> None:
    """Runs a script."""
