"""A codec for speech.

Simulated: nobody hears it and nobody speaks."""

from typing import Any

class G711:
    def __init__(self, pcm: Any) -> None:
        """On an audio.Audio.PCM."""
    def read(self, *_: Any) -> bytes:
        """Nothing."""
    def write(self, data: bytes, *_: Any) -> int:
        """How many bytes."""
