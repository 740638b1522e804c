# ql_fs works on whole files and folders.
import os

import ql_fs

root = "ql_fs_test"
if ql_fs.path_exists(root):
    ql_fs.rmdirs(root)

print(ql_fs.path_dirname("/usr/bin"), ql_fs.path_dirname("/usr"), repr(ql_fs.path_dirname("a")))
print(ql_fs.path_exists(root))
ql_fs.mkdirs(root + "/a/b")
print(os.listdir(root), os.listdir(root + "/a"))

file = root + "/a/config.json"
print(ql_fs.touch(file, {"x": [1, "two"]}), ql_fs.read_json(file), ql_fs.path_getsize(file))
print(ql_fs.touch(root + "/new/folder/file.json", {}), ql_fs.path_exists(root + "/new/folder"))
print(ql_fs.touch(file + "/below", {}))

copy = root + "/copy"
print(ql_fs.file_copy(copy, file), ql_fs.path_getsize(copy) == ql_fs.path_getsize(file))
with open(copy, "w") as text:
    text.write("no json")
print(ql_fs.read_json(copy), ql_fs.read_json(root + "/missing"))

ql_fs.rmdirs(root)
print(ql_fs.path_exists(root))
