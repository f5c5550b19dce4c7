from importlib import import_module

NAME = "a4"
PREFIX: str = "a5"
import_module("a1" + ".sub")
import_module("%s.%s" % ("a2", "sub"))
import_module("{}.sub".format("a3"))
import_module(NAME)
import_module(PREFIX + ".sub")
import_module(f"{NAME}.more")
import_module(".".join(["a6", "sub"]))
import_module("a7"
              "_and_more")
import_module(f"a8")


def f():
    name = "a9.x"
    return import_module(name)
