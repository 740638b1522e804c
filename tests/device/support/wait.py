# Waits for what another thread does.
import time


def wait_for(condition):
    """Whether it came true, within some seconds."""
    for _ in range(5000):
        if condition():
            return True
        time.sleep_ms(1)
    return False
