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
        for piece in self._pieces():
            yield piece.decode() if self._decode else piece

    @property
    def text(self):
        for piece in self._pieces():
            yield piece.decode()

    def json(self):
        return _json.loads(b"".join(self._pieces()))

    def close(self):
        self._answer.close()


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
