# Qth.pyi names what the module has, no more and no less, and its functions take their arguments by the names given there.
import Qth

path = __file__.rsplit("/", 3)[0] + "/micropython/stubs/Qth.pyi"
described = {}
with open(path) as file:
    for line in file:
        if line.startswith("def "):
            name, rest = line[4:].split("(", 1)
            # A name stands before each colon, where no bracket is open.
            arguments, depth, word = [], 0, ""
            for letter in rest[: rest.index(") ->")]:
                depth += (letter == "[") - (letter == "]")
                if letter == ":" and not depth:
                    arguments.append(word)
                word = word + letter if letter.isalpha() or letter == "_" else ""
            described[name] = arguments
present = {name for name in dir(Qth) if not name.startswith("_")}
print("only described:", sorted(set(described) - present))
print("only present:", sorted(present - set(described)))
for name, arguments in sorted(described.items()):
    if arguments:
        for given in (arguments, arguments + ["other"]):
            try:
                getattr(Qth, name)(**{argument: object() for argument in given})
            except TypeError as error:
                is_refused = "no argument" in str(error)
                if is_refused != ("other" in given):
                    print(name, given, error)
