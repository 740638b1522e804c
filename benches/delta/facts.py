"""Facts that scripts share, in files of lines NAME=VALUE that a shell can read too."""

import os
import shlex

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    """The facts of a file of this repository, by name."""
    with open(os.path.join(ROOT, path)) as file:
        return dict(fact.split("=", 1) for fact in shlex.split(file.read(), comments=True))
