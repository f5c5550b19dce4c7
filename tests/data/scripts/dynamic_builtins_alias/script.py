import importlib

__builtins__.__import__("a1")
__import__("importlib").import_module("a2")
eval("__import__('importlib').import_module('a3')")


def load(name, by=importlib.import_module):
    by("a4")
    return lambda function=__import__: function("a5")
