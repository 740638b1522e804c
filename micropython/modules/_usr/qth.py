# Stands for the package usr.libs.qth, the vendor's SDK.
import Qth

qth_init = qth_config = qth_bus = qth_ota = Qth
