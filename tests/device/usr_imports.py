# What lies in /usr is the package `usr`, by whatever name it is asked for; Qth has the names of the vendor's SDK there.
import os
import sys

import Qth

from ql_fs import path_exists, rmdirs

root = "usr_imports_test"
if path_exists(root):
    rmdirs(root)
for folder in ("", "/lib", "/libs", "/libs/qth"):
    os.mkdir(root + folder)
files = {
    "__init__.py": "print('package', __name__)\nown = 1",
    "once.py": "print('loaded', __name__)\nfrom . import Qth\nfrom .lib import below",
    "lib/below.py": "from .. import once\nimport once as same\nprint(once is same)\nvalue = 7",
    "libs/extra.py": "value = 8",
    "libs/qth/more.py": "value = 9",
    # The vendor's files are for another interpreter.
    "libs/qth/qth_init.mpy": "M",
    "Qth.py": "raise ValueError",
    "sys.py": "raise ValueError",
    "log.py": "raise ValueError",
}
for name, text in files.items():
    with open(root + "/" + name, "w") as file:
        file.write(text + "\n")
os.putenv("QTH_USR", root)
sys.path.append(root)


def show(statement):
    scope = {}
    try:
        exec(statement, scope)
        return scope["x"]
    except ImportError as error:
        return error


once = show("import once as x")
for statement in ("import usr.once as x", "from usr import once as x", "import once; x = once", "import usr.once; x = usr.once"):
    print(show(statement) is once)
print(show("import lib.below; x = lib") is show("import usr.lib as x"), show("from lib.below import value as x"))
print(show("from libs import extra as x") is show("import usr.libs.extra as x"), show("from usr import own as x"))

for name in ("usr.Qth", "qth_init", "qth_config", "qth_bus", "qth_ota", "usr.qth_ota", "usr.libs.qth.qth_init"):
    print(name, show("import %s as x" % name) is Qth)
for package in ("usr", "usr.libs.qth"):
    print(package, show("from %s import qth_bus as x" % package) is Qth)
print(show("from usr import Qth as x") is Qth, once.Qth is Qth, show("from qth_init import start as x") is Qth.start)
print(show("import usr.libs.qth.more as x").value)

# Neither what is built in nor what is frozen comes from /usr.
print(show("import sys as x") is sys, show("import log as x").__name__)
print(show("import usr.missing as x"))
print(show("import missing as x"))
rmdirs(root)
