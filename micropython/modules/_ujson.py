# QuecPython's ujson: the port's json, and search() in a text that is too long to be taken apart.
from json import *

__name__ = "ujson"

_SPACE = " \t\r\n"


def search(text, key):
    """(start, end) of the value of a key, the first of this name: text without its quotes; (-1, -1) where there is none."""
    quoted = '"%s"' % key
    place = text.find(quoted)
    while place >= 0:
        start = _skip(text, place + len(quoted))
        if text[start : start + 1] == ":":
            start = _skip(text, start + 1)
            end = _end(text, start)
            if text[start : start + 1] != '"':
                return start, end
            return start + 1, end - (end > start + 1 and text[end - 1] == '"')
        place = text.find(quoted, place + 1)
    return -1, -1


def _skip(text, place):
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place


def _end(text, place):
    """Where the value ends that begins here."""
    depth = 0
    is_quoted = False
    while place < len(text):
        letter = text[place]
        if is_quoted:
            place += letter == "\\"
            is_quoted = letter != '"'
        elif letter == '"':
            is_quoted = True
        elif letter in "[{":
            depth += 1
        elif letter in "]},":
            if not depth:
                return place
            depth -= letter != ","
        elif letter in _SPACE and not depth:
            return place
        place += 1
        if not depth and not is_quoted and letter in '"]}':
            return place
    return place
