# QuecPython's app_fota_download: where files of the application wait for the next start, each under its whole name.
import _board
import request
from ql_fs import mkdirs, path_dirname

_PIECE = 1024


def get_updater_dir():
    return _board.usr() + ".updater"


def download(url, file_name):
    if not file_name.startswith("/usr/"):
        return -1
    path = get_updater_dir() + file_name
    try:
        answer = request.get(url, decode=False, sizeof=_PIECE)
        if answer.status_code != 200:
            answer.close()
            return -1
        mkdirs(path_dirname(path))
        with open(path, "wb") as file:
            for piece in answer.content:
                file.write(piece)
    except (OSError, ValueError):
        return -1
    return 0


def bulk_download(info=()):
    return [entry for entry in info if download(entry["url"], entry["file_name"]) != 0] or None
