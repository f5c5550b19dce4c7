import builtins
import importlib
import importlib as il
from importlib import import_module as load


def above():
    return later_bound("a1.sub")


from importlib import import_module as later_bound

importlib.import_module("a2")
il.import_module(name="a3.b.c")
load("a4")
__import__("a5.b", fromlist=["c"])
builtins.__import__("a6")
handlers = {"x": lambda: [load(f) for f in ("unknown", load("a7"))]}
load(".sub", package="a8.b")
load(".nowhere", __package__)
load("not a module")
load("")
load(name)
other.import_module("not_this")
try:
    load("maybe")
except ImportError:
    pass
