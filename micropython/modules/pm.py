# QuecPython's pm: a board that never sleeps keeps account of what would keep it awake.
_locks = {}  # id: how often it is locked
_last = 0
_psm = [0, 0, 0, 0, 0]


def create_wakelock(lock_name, name_size=None):
    global _last
    _last += 1
    _locks[_last] = 0
    return _last


def delete_wakelock(lpm_fd):
    return -1 if _locks.pop(lpm_fd, None) is None else 0


def wakelock_lock(lpm_fd):
    if lpm_fd not in _locks:
        return -1
    _locks[lpm_fd] += 1
    return 0


def wakelock_unlock(lpm_fd):
    if not _locks.get(lpm_fd):
        return -1
    _locks[lpm_fd] -= 1
    return 0


def autosleep(sleep_flag):
    return 0


def get_wakelock_num():
    return len(_locks)


def set_psm_time(*args):
    global _psm
    if len(args) == 1:
        _psm[0] = args[0]
    elif len(args) == 4:
        _psm = [1] + list(args)
    else:
        return -1
    return 1


def get_psm_time():
    return _psm[:]
