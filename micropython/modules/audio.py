# QuecPython's audio: plays to nobody and hears nothing. What is played has ended as soon as it was begun.


class _Player:
    _started, _ended = 0, 7
    _loudest = 11

    def __init__(self, device=0):
        self._callback = None
        self._volume = self._usual

    def _play(self):
        if self._callback:
            self._callback(self._started)
            self._callback(self._ended)
        return 0

    def stop(self):
        return 0

    def stopAll(self):
        return 0

    def setCallback(self, cb):
        self._callback = cb
        return 0

    def getState(self):
        return 0

    def getVolume(self):
        return self._volume

    def setVolume(self, vol):
        if not 0 <= vol <= self._loudest:
            return -1
        self._volume = vol
        return 0


class Audio(_Player):
    _usual = 7

    class PCM:
        MONO, STEREO = 1, 2
        READONLY, WRITEONLY, WRITEREAD = 0, 1, 2
        BLOCK, NONBLOCK = 0, 1

        def __init__(self, *settings):
            pass

        def read(self, *_):
            return b""

        def write(self, data, *_):
            return len(data)

        def close(self):
            return 0

    def set_pa(self, gpio, num=0):
        return 1

    def play(self, priority, breakin, filename):
        return self._play()

    def playStream(self, format, buf):
        return 0

    def stopPlayStream(self):
        return 0

    def aud_tone_play(self, tone, time):
        return 0

    def aud_tone_play_stop(self):
        return 0


class TTS(_Player):
    _started, _ended = 2, 4
    _loudest = 9
    _usual = 4

    def __init__(self, device=0):
        super().__init__(device)
        self._speed = 4

    def play(self, priority, breakin, mode, str):
        return self._play()

    def close(self):
        return 0

    def getSpeed(self):
        return self._speed

    def setSpeed(self, speed):
        if not 0 <= speed <= 9:
            return -1
        self._speed = speed
        return 0


class Record:
    AMRNB, WAVPCM = 0, 1

    def __init__(self, device=0):
        pass

    def start(self, file_name, seconds):
        return -4  # no channel

    def stop(self):
        return 0

    def getFilePath(self, file_name):
        return -1

    def getData(self, file_name, offset, size):
        return -2

    def getSize(self, file_name):
        return -2

    def Delete(self, file_name):
        return -1

    def exists(self, file_name):
        return False

    def isBusy(self):
        return 0

    def end_callback(self, cb):
        return 0

    def gain(self, code_gain, dsp_gain):
        return 0

    def amrEncDtx_enable(self, on_off=None):
        return 0 if on_off is None else None

    def stream_start(self, format, samplerate, time):
        return -1

    def stream_read(self, read_buf, len):
        return -1
