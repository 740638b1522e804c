# The network is up, and its settings are kept.
import checkNet
import dataCall
import network

print(checkNet.waitNetworkReady(30))
check = checkNet.CheckNetwork("test", "1.0.0")
print(check.wait_network_connected())

print(dataCall.getPDPContext(1), dataCall.getPDPContext(3))
print(dataCall.setPDPContext(1, 0, "internet", "user", "word", 1), dataCall.getPDPContext(1))
print(dataCall.setAutoActivate(1, 1), dataCall.setAutoConnect(1, 1), dataCall.setCallback(print))
print(dataCall.getInfo(1, 0))
print(len(dataCall.getInfo(1, 2)))
wlan = network.WLAN(network.STA_IF)
print(wlan.active(), wlan.scan(), wlan.isconnected(), wlan.status() == network.STAT_IDLE, wlan.ifconfig()[0])
print(wlan.active(True), len(wlan.scan()), wlan.connect("name", "key"), wlan.isconnected(), wlan.ifconfig()[0])
print(len(wlan.config("mac")), wlan.disconnect(), wlan.isconnected(), wlan.mode() == network.STA_MODE)
point = network.WLAN(network.AP_MODE)
print(point.config(ap_ssid="name", ap_password="key"), point.active(True), point.connect(ssid="name", password="key", timeout=30))
print(point.mode(network.STA_MODE), point.connect(ssid="name", password="key", timeout=30))

print(dataCall.deactivate(1), dataCall.getInfo(1, 0)[2][0])
print(dataCall.activate(1), dataCall.getInfo(1, 0)[2][0])
