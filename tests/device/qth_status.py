# What the device tells of itself; ids that it does not have are left out.
import Qth

Qth.init()
print(sorted(Qth.getDevStatus([1, 2, 3, 4, 5, 99, -1, 2**70]).items()))
print(sorted(Qth.getDevInfo((1, 3, 5, 12, 13, 14)).items()))
print(Qth.getDevInfo([]), Qth.getDevStatus([9]))
