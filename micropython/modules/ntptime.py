# QuecPython's ntptime: this machine keeps its own clock; only what a script has set it to is undone.
import utime

host = "ntp.aliyun.com"


def sethost(host):
    globals()["host"] = host
    return 0


def settime(timezone=0):
    utime.setTimeZone(timezone)
    utime.reset()
    return 0
