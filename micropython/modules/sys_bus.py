# QuecPython's sys_bus: messages by topic between parts of an application.
import _thread

_subscribers = {}


def subscribe(topic, handler):
    _subscribers.setdefault(topic, [])
    if handler not in _subscribers[topic]:
        _subscribers[topic].append(handler)


def publish_sync(topic, msg):
    for handler in _subscribers.get(topic, [])[:]:
        handler(topic, msg)


def publish(topic, msg):
    for handler in _subscribers.get(topic, [])[:]:
        _thread.start_new_thread(handler, (topic, msg))


def sub_table(topic=None):
    return _subscribers if topic is None else _subscribers.get(topic, [])


def unsubscribe(topic, cb=None):
    if topic not in _subscribers or (cb is not None and cb not in _subscribers[topic]):
        return False
    if cb is not None:
        _subscribers[topic].remove(cb)
    if cb is None or not _subscribers[topic]:
        del _subscribers[topic]
    return True
