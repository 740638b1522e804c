# Pins, voltages and the power key have the levels that files say; buses answer as if no chip were there.
import os

from support.wait import wait_for

from machine import ADC, I2C, SPI, ExtInt, I2C_simulation, KeyPad, OneWire, Pin, SoftSPI
from misc import PWM, PWM_V2, USB, PowerKey
from ql_fs import rmdirs

FOLDER = "quecpython_pins_test"


def put(name, level):
    with open(FOLDER + "/" + name, "w") as file:
        file.write(str(level))


# Without a folder: what the script has set.
out = Pin(Pin.GPIO1, Pin.OUT, Pin.PULL_DISABLE, 1)
print(out.read(), out.write(0), out.read(), out.get_dir() == Pin.OUT)
pulled = Pin(Pin.GPIO2, Pin.IN, Pin.PULL_PU, 0)
print(pulled.read(), pulled.write(0), pulled.read(), pulled.set_dir(Pin.OUT), pulled.write(0), pulled.read())
print(Pin(Pin.GPIO3, Pin.IN, Pin.PULL_PD, 0).read(), Pin.GPIO47)
try:
    Pin(48)
except ValueError as error:
    print(error)

# With one: a test writes inputs and reads outputs.
os.mkdir(FOLDER)
os.putenv("QTH_PINS", FOLDER)
out.write(1)
with open(FOLDER + "/1") as file:
    print("output", file.read().strip())
put("2", 1)
print("input", Pin(Pin.GPIO2).read())
put("2", "")
print("half written", Pin(Pin.GPIO2).read())

edges, only_rising = [], []
put("44", 0)
both = ExtInt(ExtInt.GPIO44, ExtInt.IRQ_RISING_FALLING, ExtInt.PULL_PU, edges.append)
rising = ExtInt(ExtInt.GPIO44, ExtInt.IRQ_RISING, ExtInt.PULL_PU, only_rising.append)
print(rising.enable(), both.enable(), both.line(), both.read_level())
put("44", 1)
print(wait_for(lambda: len(edges) == 1), edges)
put("44", 0)
print(wait_for(lambda: len(edges) == 2), edges, both.read_count(1), both.read_count(0), rising.read_count(), only_rising)
print(both.disable(), rising.disable(), rising.count_reset(), rising.read_count())

put("adc1", 1234)
adc = ADC()
print(adc.open(), adc.read(ADC.ADC1), adc.read(ADC.ADC0), adc.read(9), adc.close())

pressed, plugged = [], []
print(PowerKey().powerKeyEventRegister(pressed.append), USB().setCallback(plugged.append), USB().getStatus())
put("powerkey", 1)
put("usb", 1)
print(wait_for(lambda: pressed and plugged), pressed, plugged, USB().getStatus())
rmdirs(FOLDER)

buffer = bytearray(3)
for bus in (I2C(I2C.I2C0, I2C.STANDARD_MODE), I2C_simulation(1, 2, 100000)):
    print(bus.write(0x44, b"\x01", 1, b"\x02", 1), bus.read(0x44, b"\x01", 1, buffer, 3, 0), buffer)
for bus in (SPI(0, 0, 1), SoftSPI(gpio_clk=1, gpio_cs=2, gpio_mosi=3)):
    buffer = bytearray(3)
    print(bus.write(b"abc", 3), bus.read(buffer, 2), buffer, bus.write_read(buffer, b"abc", 3), buffer)
print(OneWire(19).reset(), KeyPad(2, 2).init(), PWM(PWM.PWM0, PWM.ABOVE_MS, 1, 2).open(), PWM_V2(PWM_V2.PWM0, 100.0, 10).close())
