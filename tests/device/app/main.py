import sys, log
print(__name__, sys.path[-1], log.__name__)
