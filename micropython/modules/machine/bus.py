# Buses on which no chip answers.


class I2C:
    I2C0, I2C1, I2C2 = range(3)
    STANDARD_MODE, FAST_MODE = 0, 1

    def __init__(self, I2Cn, mode=0):
        pass

    def read(self, slaveaddress, addr, addr_len, r_data, datalen, delay):
        return -1

    def write(self, slaveaddress, addr, addr_len, data, datalen):
        return -1


class I2C_simulation(I2C):
    def __init__(self, GPIO_clk, GPIO_sda, CLK):
        pass


def _nothing(buffer, length):
    # An input that nobody drives is high.
    for i in range(min(length, len(buffer))):
        buffer[i] = 0xFF
    return 0


class SPI:
    def __init__(self, port, mode=0, clk=0):
        pass

    def read(self, recv_data, datalen):
        return _nothing(recv_data, datalen)

    def write(self, data, datalen):
        return 0

    def write_read(self, r_data, data, datalen):
        return _nothing(r_data, datalen)


class SoftSPI(SPI):
    WIRE_3, WIRE_4 = 0, 1
    LOW, HIGH = 0, 1

    def __init__(self, gpio_clk, gpio_cs, gpio_mosi, gpio_miso=None, wire_type=1, speed=1, mode=0, cs_active_lvl=0):
        pass


class OneWire:
    def __init__(self, GPIO):
        pass

    def reset(self):
        return -1

    def read(self, len):
        return b"\xff" * len

    def write(self, data):
        return 0
