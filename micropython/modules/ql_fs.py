# QuecPython's ql_fs: whole files and folders.
import json
import os

_FOLDER = 0x4000
_PIECE = 1024


def path_exists(file_path):
    try:
        os.stat(file_path)
        return True
    except OSError:
        return False


def path_dirname(file_path):
    head = file_path.rstrip("/").rsplit("/", 1)
    return "" if len(head) == 1 else head[0] or "/"


def path_getsize(file_path):
    return os.stat(file_path)[6]


def mkdirs(dir_path):
    dir_path = dir_path.rstrip("/")
    if not dir_path or path_exists(dir_path):
        return
    mkdirs(path_dirname(dir_path))
    os.mkdir(dir_path)


def rmdirs(dir_path):
    for entry in os.ilistdir(dir_path):
        inside = dir_path + "/" + entry[0]
        if entry[1] == _FOLDER:
            rmdirs(inside)
        else:
            os.remove(inside)
    os.rmdir(dir_path)


def touch(file, data):
    try:
        mkdirs(path_dirname(file))
        with open(file, "w") as output:
            json.dump(data, output)
        return 0
    except OSError:
        return -1


def read_json(file):
    # A dict of a JSON file, the text of another one, None when it can't be read.
    try:
        with open(file) as input:
            text = input.read()
    except OSError:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def file_copy(dst, src):
    with open(src, "rb") as read, open(dst, "wb") as write:
        while piece := read.read(_PIECE):
            write.write(piece)
    return True
