import __class__, __init__, self, None_, print_
from __dict__ import x
import builtins as __builtins__, importlib as import_module
import_module.import_module('a')
