"""Messages by topic between the parts of an application."""

from typing import Any, Callable, Optional, Union

_Topic = Union[str, int]
_Handler = Callable[[_Topic, Any], Any]

def subscribe(topic: _Topic, handler: _Handler) -> None:
    """handler(topic, message) is called for each message."""

def publish(topic: _Topic, msg: Any) -> None:
    """Calls each handler in a thread of its own."""

def publish_sync(topic: _Topic, msg: Any) -> None:
    """Calls one handler after the other, in this thread."""

def sub_table(topic: Optional[_Topic] = None) -> Any:
    """The handlers of a topic, or {topic: handlers}."""

def unsubscribe(topic: _Topic, cb: Optional[_Handler] = None) -> bool:
    """Forgets a handler, or all of a topic. False where there is none."""
