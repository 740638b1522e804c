# QuecPython's queue, between threads.
import _thread


class Queue:
    def __init__(self, max_size=100):
        self._max_size = max_size
        self._items = []
        self._ready = _thread.allocate_semaphore(max_size)
        for _ in range(max_size):
            self._ready.acquire()

    def put(self, data=None):
        if len(self._items) >= self._max_size:
            return False
        self._items.append(data)
        return self._ready.release()

    def get(self):
        self._ready.acquire()
        return self._items.pop(0)

    def empty(self):
        return not self._items

    def size(self):
        return len(self._items)
