import builtins
import importlib

importlib.import_module("a1")
importlib.import_module(name="a2.b.c")
__import__("a3.b", fromlist=["c"])
builtins.__import__("a4")
importlib.__import__("a5")
handlers = {"x": lambda: [f for f in (__import__("a6"),)]}
importlib.import_module(".sub", package="a7.b")
__import__("a8", globals(), locals(), [], 0)
