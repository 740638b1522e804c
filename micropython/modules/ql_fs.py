# QuecPython's ql_fs: whole files and folders.
import json
import os

_FOLDER = 0x4000
_PIECE = 1024


def path_exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def path_dirname(path):
    head = path.rstrip("/").rsplit("/", 1)
    return "" if len(head) == 1 else head[0] or "/"


def path_getsize(path):
    return os.stat(path)[6]


def mkdirs(path):
    path = path.rstrip("/")
    if not path or path_exists(path):
        return
    mkdirs(path_dirname(path))
    os.mkdir(path)


def rmdirs(path):
    for entry in os.ilistdir(path):
        inside = path + "/" + entry[0]
        if entry[1] == _FOLDER:
            rmdirs(inside)
        else:
            os.remove(inside)
    os.rmdir(path)


def touch(path, data):
    try:
        mkdirs(path_dirname(path))
        with open(path, "w") as file:
            json.dump(data, file)
        return 0
    except OSError:
        return -1


def read_json(path):
    # A dict of a JSON file, the text of another one, None when it can't be read.
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def file_copy(target, source):
    with open(source, "rb") as read, open(target, "wb") as write:
        while piece := read.read(_PIECE):
            write.write(piece)
    return True
