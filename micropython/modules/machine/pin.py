# Pins, whose levels are those of _levels.
import _levels
import _watch

_HIGHEST = 47


class Pin:
    IN, OUT = 0, 1
    PULL_DISABLE, PULL_PU, PULL_PD = 0, 1, 2

    def __init__(self, GPIOn, direction=0, pullMode=0, level=0):
        if not 0 <= GPIOn <= _HIGHEST:
            raise ValueError("GPIO%d: there are 0 to %d" % (GPIOn, _HIGHEST))
        self._number = GPIOn
        self._direction = direction
        self._pull = pullMode
        if direction == Pin.OUT:
            self.write(level)

    def init(self):
        return 0

    def read(self):
        return _levels.get(self._number, 1 if self._pull == Pin.PULL_PU else 0)

    def write(self, value):
        if self._direction != Pin.OUT:
            return -1
        _levels.set(self._number, 1 if value else 0)
        return 0

    def get_dir(self):
        return self._direction

    def set_dir(self, value):
        self._direction = value
        return 0


class ExtInt:
    IRQ_RISING, IRQ_FALLING, IRQ_RISING_FALLING = 0, 1, 2
    PULL_DISABLE, PULL_PU, PULL_PD = 0, 1, 2

    def __init__(self, GPIOn, mode, pull, callback, filter_time=0):
        self._pin = Pin(GPIOn, Pin.IN, pull)
        self._number = GPIOn
        self._mode = mode
        self._callback = callback
        self._level = self._pin.read()
        self._counts = [0, 0]  # rising, falling

    def enable(self):
        self._level = self._pin.read()
        _watch.add(self._look)
        return 0

    def disable(self):
        _watch.remove(self._look)
        return 0

    def _look(self):
        level = self._pin.read()
        if level == self._level:
            return
        self._level = level
        edge = ExtInt.IRQ_RISING if level else ExtInt.IRQ_FALLING
        if self._mode in (edge, ExtInt.IRQ_RISING_FALLING):
            self._counts[edge] += 1
            self._callback((self._number, edge))

    def line(self):
        return self._number

    def read_count(self, is_reset=0):
        counts = self._counts[:]
        if is_reset:
            self.count_reset()
        return counts

    def count_reset(self):
        self._counts = [0, 0]
        return 0

    def read_level(self):
        return self._pin.read()


class KeyPad:
    def __init__(self, row=4, col=4):
        pass

    def init(self):
        return 0

    def set_callback(self, usrFun):
        return 0

    def deinit(self):
        return 0


for _number in range(_HIGHEST + 1):
    for _class in (Pin, ExtInt):
        setattr(_class, "GPIO%d" % _number, _number)
