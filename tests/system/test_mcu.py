"""A gateway upgrades the firmware of its MCU: the example, a real Center, an MCU on a serial line."""

import os

from case import DK, SystemCase
from process import ROOT
from stm32 import Stm32

GATEWAY = os.path.join(ROOT, "micropython", "examples", "gateway.py")


class Mcu(SystemCase):
    def setUp(self):
        super().setUp()
        self.mcu = Stm32(b"1.0\nold")
        # Before the board is switched off: cleanups run backwards.
        self.addCleanup(self.mcu.close)

    def gateway(self):
        return self.board(GATEWAY, QTH_UART2=self.mcu.path)

    def firmware(self, version="2.0", size=30_000):
        path = self.image(size)
        with open(path, "rb") as file:
            firmware = version.encode() + b"\n" + file.read()
        with open(path, "wb") as file:
            file.write(firmware)
        return path, firmware

    def plan_for_mcu(self, path):
        package = self.package(path, version="2.0", **{"component-type": "mcu"})
        return self.plan(package, component="MCU1")

    def test_the_package_is_downloaded_by_the_module_and_goes_to_the_mcu_by_ymodem(self):
        path, firmware = self.firmware()
        plan = self.plan_for_mcu(path)
        board = self.gateway().power_on()
        board.wait_for("otaPlan: [(1, 'MCU1', '1.0', '2.0', 0, 0, 0)]")
        board.wait_for("MCU runs: 2.0")
        board.wait_for("result: MCU1 True")
        self.wait_for_state(plan, "upgraded")
        self.assertEqual(self.mcu.firmware, firmware)

    def test_a_power_cut_in_the_middle_of_the_transfer_only_delays_it(self):
        path, firmware = self.firmware()
        plan = self.plan_for_mcu(path)
        gateway = self.gateway()
        half_way = []
        self.mcu.on_block = lambda number: half_way.append(gateway.cut_power()) if number == 10 and not half_way else None
        board = gateway.power_on()
        board.wait(60)
        board = gateway.power_on()
        board.wait_for("package: MCU1 2.0 30004")
        board.wait_for("result: MCU1 True", timeout=60)
        self.wait_for_state(plan, "upgraded")
        self.assertEqual((self.mcu.firmware, self.mcu.updates), (firmware, 1))

    def test_an_mcu_that_stays_as_it_was_is_reported(self):
        path, _ = self.firmware(version="1.0")
        plan = self.plan_for_mcu(path)
        script = self.script(
            before_start="""
def info(component, version, url, size, md5, crc):
    print('infoCB:', version, Qth.otaAction(2))

Qth.setMcuVer('MCU1', '1.0', info, lambda component, success: print('result:', component, success))
"""
        )
        with open(script, "a") as file:
            # The script refuses it in the end, as one whose MCU does not take the package would.
            file.write("import time\nwhile Qth.mcuFWDataRead(0, 4) != b'1.0\\n': time.sleep(0.05)\n")
            file.write("print(len(Qth.mcuFWDataRead(30000, 100)), Qth.mcuFWDataRead(30004, 1), Qth.otaAction(0))\n")
        board = self.board(script).power_on()
        board.wait_for("infoCB: 2.0 True")
        board.wait_for("4 None True")
        self.wait_for_state(plan, "failed")

    def test_what_the_mcu_measures_reaches_the_center(self):
        board = self.gateway().power_on()
        board.wait_for("devEvent: 2 0")
        data = self.wait_until(lambda: self.center.cli("device", "data", DK))
        self.assertEqual(data[0]["value"], 23.5)
