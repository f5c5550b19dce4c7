import numpy
from tools import required_import
from tools.lazy import LazyImport, import_or_none
from unknown_package import import_thing

import_thing("nothing")
plt = import_or_none("o1.pyplot")
tf = LazyImport("r1")
yaml = required_import("r2")
try:
    jax = LazyImport("o2")
except ImportError:
    jax = None
