# log prints what is at or above its level; quectel.Log keeps the firmware's own.
import io

import log
from quectel import Log

out = io.StringIO()
log.set_output(out)
logger = log.getLogger("app")
print(logger is log.getLogger("app"), log.getLogger().name)

logger.debug("not shown")
logger.info("info %d", 1)
log.basicConfig(level=log.ERROR)
logger.warning("not shown")
logger.error({"an": "object"})
logger.critical("100%")
for line in out.getvalue().splitlines():
    print(line[line.index("]") + 1 :])

firmware_log = Log()
firmware_log.set_level(Log.NONE)
print(firmware_log.get_level() == Log.NONE)
