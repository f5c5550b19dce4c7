from importlib import import_module as load

load("not a module")
load("")
load(".sub")
load(".sub", __package__)
load("a-b")
load(1)
load(*"ab")
load()
__import__(".")
