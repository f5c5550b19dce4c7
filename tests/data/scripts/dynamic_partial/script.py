import importlib
from functools import partial

load = partial(importlib.import_module, package="pack")
ask = partial(importlib.util.find_spec)
other = partial(print, "import")

load("one")
other("two")
