# What scripts ask of the device: the values are the board's, from its environment.
import os

os.putenv("QTH_DK", "867730050001234")
os.putenv("QTH_SIGNAL", "-83")
os.putenv("QTH_VERSION", "9.8.7")

import modem

print(modem.getDevImei(), modem.getDevSN(), modem.getDevModel(), modem.getDevProductId(), modem.getDevFwVersion())

from misc import Power

print(Power.powerOnReason(), Power.powerDownReason(), Power.getVbatt())

import sim

print(sim.getStatus(), sim.getImsi(), sim.getIccid(), sim.setCallback(print))

import net

print(net.csqQueryPoll(), net.getSignal(), net.getSignal(1)[1][4])
print(net.getState()[1][0], net.getConfig(), net.operatorName(), net.getModemFun())
date, seconds, leap = net.nitzTime()
print(len(date), seconds > 1700000000, leap)

os.unsetenv("QTH_DK")
print(len(modem.getDevImei()), modem.getDevImei().isdigit())
