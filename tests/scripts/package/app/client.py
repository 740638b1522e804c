from usr import Qth
from usr.libs.qth.qth_config import setEventCb
from usr.libs.qth.qth_init import init

from . import settings
from .settings import PRODUCT


def start(pk, ps):
    assert settings.PRODUCT == PRODUCT == (pk, ps)
    Qth.setProductInfo(pk, ps)
    init()
    setEventCb({"devEvent": lambda event, result: print("devEvent:", event, result)})
    Qth.start()
