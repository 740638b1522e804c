# A second cloud beside the Center, by MQTT.
import _thread
from base64 import b64decode

import ubinascii
import utime

from umqtt import MQTTClient

with open("/usr/port.txt") as file:
    port = int(file.read())


def receive(topic, message):
    print("received:", topic, b64decode(message))


def loop():
    while True:
        client.wait_msg()


client = MQTTClient("device", "127.0.0.1", port, keepalive=30, reconn=True)
client.set_callback(receive)
client.set_last_will("gone", "device")
print("connect:", client.connect(), client.get_mqttsta())
client.subscribe("to/device", 1)
_thread.stack_size(8192)
_thread.start_new_thread(loop, ())
client.publish("to/device", ubinascii.b2a_base64(b"first").strip())
while not client.get_mqttsta():
    utime.sleep_ms(10)
print("lost:", client.get_mqttsta())
while client.get_mqttsta():
    utime.sleep_ms(10)
client.publish("to/device", ubinascii.b2a_base64(b"again").strip())
while True:
    utime.sleep(1)
