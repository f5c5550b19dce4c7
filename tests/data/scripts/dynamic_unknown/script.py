import importlib
import sys

importlib.import_module(sys.argv[1])


def load(name):
    return __import__(name)
