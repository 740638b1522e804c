# The application is a component beside those of MCUs, however many there are.
import Qth


def nothing(*args):
    pass


Qth.init()
print([Qth.setMcuVer("M%d" % number, "1", nothing, nothing) for number in range(9)])
print(Qth.setAppVer("", nothing), Qth.setAppVer("1" * 65, nothing), Qth.setAppVer("1.0", nothing))
print(Qth.getDevInfo([3]))
