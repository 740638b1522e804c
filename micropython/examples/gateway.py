# A gateway: the module speaks for one MCU on a serial line, and upgrades its firmware by Ymodem.
#
# The MCU sends lines. "T 23.5" is a temperature, reported as TSL id 1. "VERSION?" asks it for "VERSION 1.0"; "BOOT" sends it into
# its bootloader, which takes a file by Ymodem and starts it. QTH_UART2 names the line on the unix board.
import Qth
import utime

import ymodem
from machine import UART

COMPONENT = "MCU1"
TEMPERATURE = 1


class Mcu:
    def __init__(self, uart):
        self.uart = uart
        self.rest = b""

    def line(self):
        """The next line that has come; None while there is none."""
        self.rest += self.uart.read(self.uart.any())
        if b"\n" not in self.rest:
            return None
        line, self.rest = self.rest.split(b"\n", 1)
        return line.strip().decode()

    def version(self, seconds=10):
        """The version that the MCU runs; None when it does not say."""
        for _ in range(seconds):
            self.uart.write(b"VERSION?\n")
            for _ in range(100):
                line = self.line()
                if line and line.startswith("VERSION "):
                    return line[8:]
                utime.sleep_ms(10)
        return None

    def flash(self, size):
        self.uart.write(b"BOOT\n")
        self.rest = b""
        ymodem.send(self.uart, "mcu.bin", size, Qth.mcuFWDataRead)


class Gateway:
    def __init__(self, mcu):
        self.mcu = mcu
        self.package = None

    def start(self):
        Qth.init()
        Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
        Qth.setEventCb(
            {
                "devEvent": self.dev_event,
                "recvTrans": self.recv_trans,
                "ota": {"otaPlan": self.ota_plan, "fotaResult": self.result},
            }
        )
        self.tell_version()
        Qth.start()

    def tell_version(self):
        version = self.mcu.version()
        print("MCU runs:", version)
        Qth.setMcuVer(COMPONENT, version or "0", self.mcu_info, self.result)

    def dev_event(self, event, result):
        print("devEvent:", event, result)
        if event == 2 and result == 0:
            Qth.otaRequest()

    def recv_trans(self, value):
        self.mcu.uart.write(value + b"\n")

    def ota_plan(self, plans):
        print("otaPlan:", plans)
        Qth.otaAction(1)

    def mcu_info(self, component, version, url, size, md5, crc):
        print("package:", component, version, size)
        # The module downloads it; the main loop goes on when it is there.
        if Qth.otaAction(2):
            self.package = size

    def result(self, component, success):
        print("result:", component, success)
        self.package = None

    def step(self):
        if self.package and Qth.mcuFWDataRead(0, 1):
            size, self.package = self.package, None
            # What was announced is the size of the file; in a signed package the firmware is a little shorter.
            while size > 1 and not Qth.mcuFWDataRead(size - 1, 1):
                size -= 1
            try:
                self.mcu.flash(size)
                Qth.otaAction(3)
            except ymodem.Failed as error:
                print("MCU not updated:", error)
            self.tell_version()
        line = self.mcu.line()
        if line and line.startswith("T ") and Qth.state():
            Qth.sendTsl(1, {TEMPERATURE: float(line[2:])})
        if not line:
            utime.sleep_ms(20)


if __name__ == "__main__":
    gateway = Gateway(Mcu(UART(UART.UART2, 115200, 8, 0, 1, 0)))
    gateway.start()
    while True:
        gateway.step()
