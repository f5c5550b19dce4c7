import importlib
import importlib.util as util
from importlib.util import find_spec

find_spec("a1")
importlib.util.find_spec("a2.sub")
util.find_spec(name="a3")
