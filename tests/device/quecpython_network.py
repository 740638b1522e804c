# The network is up, and its settings are kept.
import checkNet
import dataCall

print(checkNet.waitNetworkReady(30))
check = checkNet.CheckNetwork("test", "1.0.0")
print(check.wait_network_connected())

print(dataCall.getPDPContext(1), dataCall.getPDPContext(3))
print(dataCall.setPDPContext(1, 0, "internet", "user", "word", 1), dataCall.getPDPContext(1))
print(dataCall.setAutoActivate(1, 1), dataCall.setAutoConnect(1, 1), dataCall.setCallback(print))
print(dataCall.getInfo(1, 0))
print(len(dataCall.getInfo(1, 2)))
print(dataCall.deactivate(1), dataCall.getInfo(1, 0)[2][0])
print(dataCall.activate(1), dataCall.getInfo(1, 0)[2][0])
