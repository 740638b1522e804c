# Voltages, which _levels has in millivolts, and outputs of pulses that nobody sees.
import _levels


class ADC:
    ADC0, ADC1, ADC2, ADC3 = range(4)

    def open(self):
        return 0

    def read(self, ADCn):
        return _levels.get("adc%d" % ADCn) if 0 <= ADCn <= ADC.ADC3 else -1

    def close(self):
        return 0


class PWM:
    PWM0, PWM1, PWM2, PWM3 = range(4)
    ABOVE_MS, ABOVE_1US, ABOVE_10US, ABOVE_BELOW_US = range(4)

    def __init__(self, PWMn, ABOVE_xx, highTime, cycleTime):
        pass

    def open(self):
        return 0

    def close(self):
        return 0
