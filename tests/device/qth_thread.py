# The device starts from a thread of the script too, whose stack is small.
import _thread
import time

import Qth

_thread.stack_size(32 * 1024)
results = []
_thread.start_new_thread(lambda: results.append(Qth.init()), ())
while not results:
    time.sleep_ms(10)
print(results, Qth.setProductInfo("p111xt", "V2VUei9ZVWt2SnpL"), Qth.state())
