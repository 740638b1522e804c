"""Pins, buses, serial lines, timers and the clock; beside these the module has what MicroPython's `machine` has."""

from typing import Any, Callable, List, Optional, Tuple

def reset() -> None:
    """Restarts the module.

    Simulated: the power switch `qth-board` starts the firmware again; without it the process ends."""

class Pin:
    """A pin.

    Simulated: the folder `QTH_PINS` has a file with the level of each pin, `44` for GPIO44; without it a pin has the level that
    the script has set."""

    GPIO0: int  # to GPIO47
    IN: int
    OUT: int
    PULL_DISABLE: int
    PULL_PU: int
    PULL_PD: int

    def __init__(self, GPIOn: int, direction: int = 0, pullMode: int = 0, level: int = 0) -> None: ...
    def init(self) -> int:
        """0: it is ready as soon as it is made."""
    def read(self) -> int:
        """The level, 0 or 1. One that nobody has set is as the pin is pulled."""
    def write(self, value: int) -> int:
        """Sets the level of an output: 0; -1 of an input."""
    def get_dir(self) -> int:
        """Pin.IN or Pin.OUT."""
    def set_dir(self, value: int) -> int:
        """Makes it an input or an output: 0."""

class ExtInt:
    """Calls a function when the level of a pin changes.

    Simulated: levels as of `Pin`, looked at every 10 ms."""

    GPIO0: int  # to GPIO47
    IRQ_RISING: int
    IRQ_FALLING: int
    IRQ_RISING_FALLING: int
    PULL_DISABLE: int
    PULL_PU: int
    PULL_PD: int

    def __init__(
        self, GPIOn: int, mode: int, pull: int, callback: Callable[[Tuple[int, int]], Any], filter_time: int = 0
    ) -> None: ...
    def enable(self) -> int:
        """From now on callback((pin, edge)) is called, edge 0 for rising: 0."""
    def disable(self) -> int:
        """No longer: 0."""
    def line(self) -> int:
        """The number of the pin."""
    def read_count(self, is_reset: int = 0) -> List[int]:
        """[rising, falling] edges so far; 1 counts anew."""
    def count_reset(self) -> int:
        """Counts anew: 0."""
    def read_level(self) -> int:
        """The level."""

class KeyPad:
    """A keyboard of rows and columns.

    Simulated: nobody presses a key."""

    def __init__(self, row: int = 4, col: int = 4) -> None: ...
    def init(self) -> int:
        """0."""
    def set_callback(self, usrFun: Callable[[List[int]], Any]) -> int:
        """usrFun([pressed, row, column]): 0."""
    def deinit(self) -> int:
        """0."""

class UART:
    """A serial line.

    Simulated: the terminal that `QTH_UART0` to `QTH_UART4` name; OSError where it names none. Speed and format are the
    terminal's."""

    UART0: int
    UART1: int
    UART2: int
    UART3: int
    UART4: int

    def __init__(
        self, UARTn: int, baudrate: int = 115200, databits: int = 8, parity: int = 0, stopbits: int = 1, flowctl: int = 0
    ) -> None: ...
    def any(self) -> int:
        """How many bytes have been received and not yet read, at most 4096."""
    def read(self, nbytes: int) -> bytes:
        """Reads at most so many bytes; does not wait."""
    def write(self, data: bytes) -> int:
        """Sends, and returns how many bytes."""
    def set_callback(self, fun: Optional[Callable[[List[int]], Any]]) -> int:
        """fun([0, port, bytes that can be read]) is called when bytes come: 0."""
    def control_485(self, GPIOn: int, direction: int) -> int:
        """The pin has this level while bytes are sent, the other one before and after: 0."""
    def close(self) -> int:
        """Closes the line: 0."""

class I2C:
    """A bus of two wires.

    Simulated: no chip answers."""

    I2C0: int
    I2C1: int
    I2C2: int
    STANDARD_MODE: int
    FAST_MODE: int

    def __init__(self, I2Cn: int, mode: int = 0) -> None: ...
    def read(self, slaveaddress: int, addr: bytes, addr_len: int, r_data: bytearray, datalen: int, delay: int) -> int:
        """0, or -1 where no chip answers."""
    def write(self, slaveaddress: int, addr: bytes, addr_len: int, data: bytes, datalen: int) -> int:
        """0, or -1 where no chip answers."""

class I2C_simulation(I2C):
    """The same on two pins.

    Simulated: no chip answers."""

    def __init__(self, GPIO_clk: int, GPIO_sda: int, CLK: int) -> None: ...

class SPI:
    """A bus with a clock.

    Simulated: no chip answers; what is read is 0xFF."""

    def __init__(self, port: int, mode: int = 0, clk: int = 0) -> None: ...
    def read(self, recv_data: bytearray, datalen: int) -> int:
        """0."""
    def write(self, data: bytes, datalen: int) -> int:
        """0."""
    def write_read(self, r_data: bytearray, data: bytes, datalen: int) -> int:
        """0."""

class SoftSPI(SPI):
    """The same on pins.

    Simulated: no chip answers; what is read is 0xFF."""

    WIRE_3: int
    WIRE_4: int
    LOW: int
    HIGH: int

    def __init__(
        self,
        gpio_clk: int,
        gpio_cs: int,
        gpio_mosi: int,
        gpio_miso: Optional[int] = None,
        wire_type: int = 1,
        speed: int = 1,
        mode: int = 0,
        cs_active_lvl: int = 0,
    ) -> None: ...

class OneWire:
    """A bus of one wire.

    Simulated: no chip answers."""

    def __init__(self, GPIO: int) -> None: ...
    def reset(self) -> int:
        """0, or -1 where no chip answers."""
    def read(self, len: int) -> bytes:
        """So many bytes."""
    def write(self, data: bytes) -> int:
        """0."""

class ADC:
    """Inputs for voltages.

    Simulated: the folder `QTH_PINS` has them in files, `adc0` for ADC0; without it they are 0."""

    ADC0: int
    ADC1: int
    ADC2: int
    ADC3: int

    def open(self) -> int:
        """0."""
    def read(self, ADCn: int) -> int:
        """Millivolts; -1 where there is no such input."""
    def close(self) -> int:
        """0."""

class PWM:
    """Outputs of pulses.

    Simulated: nobody sees them."""

    PWM0: int
    PWM1: int
    PWM2: int
    PWM3: int
    ABOVE_MS: int
    ABOVE_1US: int
    ABOVE_10US: int
    ABOVE_BELOW_US: int

    def __init__(self, PWMn: int, ABOVE_xx: int, highTime: int, cycleTime: int) -> None: ...
    def open(self) -> int:
        """Begins: 0."""
    def close(self) -> int:
        """Ends: 0."""

class Timer:
    """A timer. On a device there are four, here as many as osTimer has.

    Simulated: by osTimer."""

    Timer0: int
    Timer1: int
    Timer2: int
    Timer3: int
    ONE_SHOT: int
    PERIODIC: int

    def __init__(self, Timern: int) -> None: ...
    def start(self, period: int, mode: int, callback: Callable[["Timer"], Any]) -> int:
        """callback(timer) after so many milliseconds, once or again and again: 0, or -1 where no more can run."""
    def stop(self) -> int:
        """Stops it: 0, or -1 where it does not run."""

class WDT:
    """Restarts the module when it is not fed.

    Simulated: by osTimer."""

    def __init__(self, period: int) -> None:
        """Seconds that may pass between two meals."""
    def feed(self) -> int:
        """0."""
    def stop(self) -> int:
        """0."""

class RTC:
    """The clock.

    Simulated: this machine's clock is left alone; `utime` goes by the time that is set."""

    def __init__(self) -> None: ...
    def datetime(self, args: tuple = ()) -> Any:
        """Sets the time, (year, month, day, week, hour, minute, second, microsecond), and returns 0; without it returns the
        time. Week is the day, 0 for Sunday."""
    def set_alarm(self, data_e: tuple) -> int:
        """When it rings, as for datetime(): 0."""
    def register_callback(self, fun: Callable[[Any], Any]) -> int:
        """fun(None) when it rings: 0."""
    def enable_alarm(self, on_off: int) -> int:
        """Turns the alarm on or off: 0, or -1 where no time is set."""
