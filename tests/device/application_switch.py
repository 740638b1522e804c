# The application's folders: switched at a start, on trial, confirmed or put back, with power cut at every step.
import os

from support.archive import entry, files

import application
import ql_fs
from ql_fs import path_exists, rmdirs


class PowerCut(Exception):
    pass


class Files:
    """os, that lets so many changes happen and then no more."""

    def __init__(self, left):
        self.left = left

    def __getattr__(self, name):
        function = getattr(os, name)
        if name not in ("rename", "remove", "rmdir", "mkdir"):
            return function

        def change(*arguments):
            if self.left == 0:
                raise PowerCut
            self.left -= 1
            return function(*arguments)

        return change


OLD, NEW = b"old = 1\n", b"new = 1\n"


def read(offset, length):
    return NEW[offset : offset + length]


def fresh():
    for path in ("app", "app.new", "app.old"):
        if path_exists(path):
            rmdirs(path)
    for path in ("app.json", "app.json.new"):
        if path_exists(path):
            os.remove(path)
    os.mkdir("app")
    with open("app/main.py", "wb") as file:
        file.write(OLD)
    return application.Application("app")


def others():
    return sorted((name, str(content, "utf-8")) for name, content in files("app").items() if name != "main.py")


def runs():
    with open("app/main.py", "rb") as file:
        return "new" if file.read() == NEW else "old"


app = fresh()
app.start()
print("nothing to do:", runs(), app.state(), app.was_updated)
app.stage("md5", len(NEW), read)
print("staged:", runs(), app.state()["stage"])
app.start()
print("first start:", runs(), app.state()["starts"], app.is_on_trial(), app.was_updated)
app = application.Application("app")
app.start()
print("second start:", app.was_updated)
app.confirm()
print("confirmed:", runs(), app.state(), path_exists("app.old"))

# A tar without main.py replaces files and adds some.
app = fresh()
os.mkdir("app/lib")
for name, text in (("app/lib/a.py", "old"), ("app/lib/b.py", "old"), ("app/kind", "old")):
    with open(name, "w") as file:
        file.write(text)
package = entry(b"lib/a.py", b"new") + entry(b"lib/c.py", b"new") + entry(b"kind/x", b"new")
app.stage("md5", len(package), lambda offset, length: package[offset : offset + length])
app.start()
print("replaced and added:", runs(), others())
app.revert()
print("put back:", runs(), others())
os.remove("app/main.py")
try:
    app.stage("md5", len(package), lambda offset, length: package[offset : offset + length])
except application.unpack.Refused as error:
    print(error, path_exists("app.new"))

app = fresh()
app.stage("md5", len(NEW), read)
starts = []
for _ in range(5):
    app.start()
    starts.append(runs())
print("crash loop:", starts, app.state())

app = fresh()
app.stage("md5", len(NEW), read)
print("given up before the start:", app.give_up(), path_exists("app.new"), app.state())
app.stage("md5", len(NEW), read)
app.start()
print("given up on trial:", app.give_up(), runs())
app.start()
print("next start:", runs(), app.state())

# Power is cut at each change of the disk, in each step; then the steps are done once more.
ends = {"start": set(), "revert": set(), "confirm": set(), "stage": set()}
for step in ends:
    left = 0
    while True:
        app = fresh()
        if step != "stage":
            app.stage("md5", len(NEW), read)
        if step in ("revert", "confirm"):
            app.start()
        application.os = application.unpack.os = ql_fs.os = Files(left)
        try:
            if step == "stage":
                app.stage("md5", len(NEW), read)
            else:
                getattr(app, step)()
            done = True
        except PowerCut:
            done = False
        application.os = application.unpack.os = ql_fs.os = os
        app = application.Application("app")
        app.start()
        ends[step].add((runs(), app.state().get("stage")))
        if done:
            break
        left += 1
    print(step, left, "changes:", sorted(ends[step], key=str))
fresh()
rmdirs("app")

# The firmware's modules come before the application's.
app = fresh()
os.putenv("QTH_USR", "app")
with open("app/main.py", "w") as file:
    file.write("import sys, log\nprint(__name__, sys.path[-1], log.__name__)\n")
with open("app/log.py", "w") as file:
    file.write("raise ValueError\n")
app.run()
rmdirs("app")
