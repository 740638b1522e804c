# Stands for the package usr.libs where a script has none.
import Qth

qth_init = qth_config = qth_bus = qth_ota = Qth
