# A chat on a websocket: what the Center sends is said there, and what is answered there goes to the Center.
import _thread
import sys

import Qth
import utime
import uwebsocket as ws

import sys_bus


class Chat:
    def __init__(self, url):
        self.client = ws.Client.connect(url, headers={"Device": "866123456789012"})
        self.thread = _thread.start_new_thread(self.receive, ())

    def receive(self):
        while True:
            message = self.client.recv()
            if not message:
                print("chat: closed")
                return
            print("chat:", type(message).__name__, len(message))
            sys_bus.publish("heard", message)

    def say(self, topic, text):
        self.client.send(text)


def heard(topic, message):
    if isinstance(message, bytes):
        message = "%d bytes" % len(message)
    while not Qth.sendTrans(1, message):
        utime.sleep_ms(50)


with open("/usr/url.txt") as file:
    chat = Chat(file.read().strip())
sys_bus.subscribe("heard", heard)
sys_bus.subscribe("say", chat.say)
Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL")
Qth.init()
Qth.setEventCb(
    {
        "devEvent": lambda event, result: print("devEvent:", event, result),
        "recvTrans": lambda data: sys_bus.publish("say", data.decode()),
    }
)
Qth.start()
while _thread.threadIsRunning(chat.thread):
    utime.sleep_ms(50)
try:
    chat.client.send("too late")
except OSError as error:
    sys.print_exception(error)
Qth.stop()
