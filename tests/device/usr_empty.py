# Without a folder /usr there is a package `usr` all the same: it has Qth.
import os

import Qth

os.putenv("QTH_USR", "there_is_none")

from usr import Qth as of_usr
from usr.libs.qth import qth_init
from usr.libs.qth.qth_config import setServer

print(of_usr is Qth, qth_init is Qth, setServer is Qth.setServer)
