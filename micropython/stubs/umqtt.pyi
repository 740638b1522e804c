"""MQTT. Made of micropython-lib's umqtt.simple, which is there too under that name, as umqtt.robust is."""

from typing import Any, Callable, Optional, Union

_Text = Union[str, bytes]

class MQTTException(Exception):
    """The broker has refused: its code."""

class MQTTClient:
    """A client. ssl raises ImportError here, since this firmware has no TLS for scripts."""

    def __init__(
        self,
        client_id: _Text,
        server: str,
        port: int = 0,
        user: Optional[_Text] = None,
        password: Optional[_Text] = None,
        keepalive: int = 0,
        ssl: bool = False,
        ssl_params: Optional[dict] = None,
        reconn: bool = True,
        version: int = 4,
    ) -> None: ...
    def set_callback(self, f: Callable[[bytes, bytes], Any]) -> None:
        """f(topic, message) for each that comes."""
    def error_register_cb(self, callback: Callable[[str], Any]) -> None:
        """callback(text) when the connection is lost, unless it connects again by itself."""
    def set_last_will(self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0) -> None:
        """What the broker says when the client is lost."""
    def connect(self, clean_session: bool = True) -> int:
        """Connects: 0. MQTTException where the broker refuses."""
    def disconnect(self) -> None:
        """Takes leave."""
    def close(self) -> None:
        """Closes the socket without taking leave."""
    def ping(self) -> None:
        """Asks whether the broker is there, when keepalive is not 0."""
    def publish(self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0) -> None:
        """Sends a message; QoS 1 waits for its acknowledgement."""
    def subscribe(self, topic: _Text, qos: int = 0) -> None:
        """Asks for messages, and waits for the answer."""
    def wait_msg(self) -> Any:
        """Waits for what comes next and handles it. A connection that is lost is made again, unless reconn is False."""
    def check_msg(self) -> Any:
        """The same without waiting."""
    def get_mqttsta(self) -> int:
        """0 connected, 1 connecting, 2 closed, -1 failed or not yet."""
