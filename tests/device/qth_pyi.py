# Qth.pyi names what the module has, no more and no less.
import Qth

path = __file__.rsplit("/", 3)[0] + "/micropython/stubs/Qth.pyi"
with open(path) as file:
    described = {line[4 : line.index("(")] for line in file if line.startswith("def ")}
present = {name for name in dir(Qth) if not name.startswith("_")}
print("only described:", sorted(described - present))
print("only present:", sorted(present - described))
