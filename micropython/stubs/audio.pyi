"""Sound.

Simulated: nobody hears it; what is played has ended as soon as it was begun."""

from typing import Any, Callable, Optional

class Audio:
    """Plays files and streams."""

    class PCM:
        """A stream of samples."""

        MONO: int
        STEREO: int
        READONLY: int
        WRITEONLY: int
        WRITEREAD: int
        BLOCK: int
        NONBLOCK: int

        def __init__(self, *settings: int) -> None: ...
        def read(self, *_: Any) -> bytes:
            """Nothing."""
        def write(self, data: bytes, *_: Any) -> int:
            """How many bytes."""
        def close(self) -> int:
            """0."""

    def __init__(self, device: int = 0) -> None: ...
    def set_pa(self, gpio: int, num: int = 0) -> int:
        """The pin of the amplifier: 1."""
    def play(self, priority: int, breakin: int, filename: str) -> int:
        """Plays a file: 0."""
    def playStream(self, format: int, buf: bytes) -> int:
        """Plays a piece: 0."""
    def stopPlayStream(self) -> int:
        """0."""
    def aud_tone_play(self, tone: int, time: int) -> int:
        """Plays a tone: 0."""
    def aud_tone_play_stop(self) -> int:
        """0."""
    def stop(self) -> int:
        """0."""
    def stopAll(self) -> int:
        """0."""
    def setCallback(self, cb: Callable[[int], Any]) -> int:
        """cb(0) when it begins, cb(7) when it ends: 0."""
    def getState(self) -> int:
        """0."""
    def getVolume(self) -> int:
        """0 to 11, at first 7."""
    def setVolume(self, vol: int) -> int:
        """0, or -1 for others."""

class TTS:
    """Speaks."""

    def __init__(self, device: int = 0) -> None: ...
    def play(self, priority: int, breakin: int, mode: int, str: str) -> int:
        """Speaks a text: 0."""
    def close(self) -> int:
        """0."""
    def stop(self) -> int:
        """0."""
    def stopAll(self) -> int:
        """0."""
    def setCallback(self, cb: Callable[[int], Any]) -> int:
        """cb(2) when it begins, cb(4) when it ends: 0."""
    def getState(self) -> int:
        """0."""
    def getVolume(self) -> int:
        """0 to 9, at first 4."""
    def setVolume(self, vol: int) -> int:
        """0, or -1 for others."""
    def getSpeed(self) -> int:
        """0 to 9, at first 4."""
    def setSpeed(self, speed: int) -> int:
        """0, or -1 for others."""

class Record:
    """Records.

    Simulated: there is no microphone."""

    AMRNB: int
    WAVPCM: int

    def __init__(self, device: int = 0) -> None: ...
    def start(self, file_name: str, seconds: int) -> int:
        """-4, no channel."""
    def stop(self) -> int:
        """0."""
    def getFilePath(self, file_name: str) -> int:
        """-1."""
    def getData(self, file_name: str, offset: int, size: int) -> int:
        """-2."""
    def getSize(self, file_name: str) -> int:
        """-2."""
    def Delete(self, file_name: str) -> int:
        """-1."""
    def exists(self, file_name: str) -> bool:
        """False."""
    def isBusy(self) -> int:
        """0."""
    def end_callback(self, cb: Callable[[list], Any]) -> int:
        """0."""
    def gain(self, code_gain: int, dsp_gain: int) -> int:
        """0."""
    def amrEncDtx_enable(self, on_off: Optional[int] = None) -> Optional[int]:
        """0 where it is asked for."""
    def stream_start(self, format: int, samplerate: int, time: int) -> int:
        """-1."""
    def stream_read(self, read_buf: bytearray, len: int) -> int:
        """-1."""
