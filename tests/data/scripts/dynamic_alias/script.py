import importlib as il
from importlib import import_module as load
from builtins import __import__ as imp
import builtins as b


def above():
    return later("a1")


from importlib import import_module as later

il.import_module("a2")
load("a3")
imp("a4")
b.__import__("a5")
assigned = importlib_function = il.import_module
assigned("a6")
native = __import__
native("a7")
