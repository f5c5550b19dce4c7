from importlib import import_module

import_module("{0}.{1}".format("a1", "sub"))
import_module("{name}2".format(name="a"))
import_module("%s3" % "a")
import_module("lib%(name)s4" % {"name": "a"})
for number in (5, 6):
    import_module(f"a{number}")
import_module("%99999999d" % 1)
import_module("{:>99999999}".format("n"))
import_module(f"{1:99999999}")
