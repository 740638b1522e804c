# QuecPython's umqtt: micropython-lib's client, which is beside this file in the firmware, with what the vendor's has besides.
import time

from . import simple as _simple

MQTTException = _simple.MQTTException

_CONNECTED, _CONNECTING, _CLOSED, _FAILED = 0, 1, 2, -1
_PAUSE = 1  # seconds between two tries to connect again


class MQTTClient(_simple.MQTTClient):
    def __init__(
        self,
        client_id,
        server,
        port=0,
        user=None,
        password=None,
        keepalive=0,
        ssl=False,
        ssl_params=None,
        reconn=True,
        version=4,
    ):
        super().__init__(client_id, server, port, user, password, keepalive, ssl, ssl_params or {})
        self._reconnects = reconn
        self._on_error = None
        self._state = _FAILED
        self._clean_session = True
        self._subscriptions = {}

    def error_register_cb(self, callback):
        self._on_error = callback

    def get_mqttsta(self):
        return self._state

    def connect(self, clean_session=True):
        self._clean_session = clean_session
        self._state = _CONNECTING
        try:
            super().connect(clean_session)
        except Exception:
            self._state = _FAILED
            raise
        self._state = _CONNECTED
        return 0

    def subscribe(self, topic, qos=0):
        super().subscribe(topic, qos)
        self._subscriptions[topic] = qos

    def close(self):
        self._state = _CLOSED
        self.sock.close()

    def disconnect(self):
        super().disconnect()
        self._state = _FAILED

    def ping(self):
        if self.keepalive:
            super().ping()

    def _wait(self, wait):
        try:
            return wait()
        except OSError as error:
            if self._state == _FAILED:
                raise  # disconnect() in another thread
            self._state = _CLOSED
            if not self._reconnects:
                if not self._on_error:
                    raise
                self._on_error(str(error))
                return None
        self._connect_again()

    def _connect_again(self):
        while self._state != _CONNECTED:
            time.sleep(_PAUSE)
            try:
                self.connect(self._clean_session)
                for topic, qos in self._subscriptions.items():
                    super().subscribe(topic, qos)
            except (OSError, MQTTException):
                pass

    def wait_msg(self):
        return self._wait(super().wait_msg)

    def check_msg(self):
        # The parent's calls wait_msg.
        self.sock.setblocking(False)
        return self.wait_msg()
