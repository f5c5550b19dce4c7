import os
import sys


def add(path):
    if path not in sys.path:
        sys.path.insert(0, path)


here = os.path.dirname(__file__)
library = os.path.join(here, "..", "lib")
add(library)
add(path=os.path.join(here, "more"))
