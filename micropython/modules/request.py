# QuecPython's request: micropython-lib's urequests, whose answers are read piece by piece.
import json as _json

import urequests


class Response:
    def __init__(self, answer, decode, size):
        self._answer = answer
        self._decode = decode
        self._size = size
        self.status_code = answer.status_code
        self.reason = answer.reason
        self.headers = answer.headers

    def _pieces(self):
        try:
            while piece := self._answer.raw.read(self._size):
                yield piece
        finally:
            self.close()

    @property
    def content(self):
        return self.text if self._decode else self._pieces()

    @property
    def text(self):
        rest = b""
        for piece in self._pieces():
            piece = rest + piece
            whole = _whole(piece)
            rest = piece[whole:]
            yield piece[:whole].decode()
        if rest:
            yield rest.decode()

    def json(self):
        return _json.loads(b"".join(self._pieces()))

    def close(self):
        self._answer.close()


def _whole(text):
    """How many bytes of UTF-8 are whole letters: the last one may go on in the next piece."""
    for back in range(1, min(4, len(text) + 1)):
        byte = text[-back]
        if byte & 0xC0 != 0x80:  # a letter begins here
            length = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(text) - back if length > back else len(text)
    return len(text)


def request(method, url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, json=None, timeout=None):
    answer = urequests.request(method, url, data=data, json=json, headers=headers or {})
    return Response(answer, decode, sizeof)


def get(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    return request("GET", url, data, headers, decode, sizeof, ssl_params, **more)


def post(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    return request("POST", url, data, headers, decode, sizeof, ssl_params, **more)


def put(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    return request("PUT", url, data, headers, decode, sizeof, ssl_params, **more)


def head(url, data=None, headers=None, decode=True, sizeof=255, ssl_params=None, **more):
    return request("HEAD", url, data, headers, decode, sizeof, ssl_params, **more)
