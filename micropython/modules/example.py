# QuecPython's example: runs a script, from the interactive prompt.


def exec(filePath):
    execfile(filePath, {"__name__": "__main__"})
