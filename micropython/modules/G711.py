# QuecPython's G711: a codec on a sound device that hears nothing.


class G711:
    def __init__(self, pcm):
        pass

    def read(self, *_):
        return b""

    def write(self, data, *_):
        return len(data)
