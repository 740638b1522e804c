# /usr is the application's folder, wherever that lies on this machine.
import os
import sys

import ql_fs

FOLDER = "usr_folder_test/app"
os.putenv("QTH_USR", FOLDER)


def error(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.errno


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


print("empty", os.listdir("/usr"))
write("/usr/config.json", "{}")
print(os.listdir("/usr"), os.listdir("/usr/"), os.stat("/usr/config.json")[6], os.listdir(FOLDER))
os.mkdir("/usr/lib")
os.rename("/usr/config.json", "/usr/lib/other.json")
print(os.listdir("/usr"), os.listdir("/usr/lib"), error(os.stat, "/usr/config.json"))
print(error(open, "/usr/missing"), error(os.rename, "/usr/missing", "/usr/x"), error(os.remove, "/usr/missing"))
print(os.statvfs("/usr")[0] > 0)

before = os.getcwd()
os.chdir("/usr/lib")
with open("other.json") as file:
    print(os.getcwd(), os.listdir(), file.read())
print(error(os.chdir, "../.."), error(os.chdir, "/usr/missing"), os.getcwd())
os.chdir("..")
write("relative.py", "value = __file__")
print(os.getcwd(), sorted(os.listdir()))
os.chdir(before)
print(os.getcwd() == before, os.listdir(FOLDER + "/lib"))

import usr.relative

sys.path.append("/usr")
import relative

print(relative is usr.relative, relative.value)

print(ql_fs.path_exists("/usr/lib"), ql_fs.path_exists("/usr/none"), ql_fs.touch("/usr/a/b/c.json", {"x": 1}))
print(ql_fs.read_json("/usr/a/b/c.json"), ql_fs.file_copy("/usr/copy", "/usr/a/b/c.json"), ql_fs.path_getsize("/usr/copy"))
for folder in ("/usr/a", "/usr/lib"):
    ql_fs.rmdirs(folder)
for name in os.listdir("/usr"):
    os.remove("/usr/" + name)
print("empty", os.listdir("/usr"))
ql_fs.rmdirs("usr_folder_test")
