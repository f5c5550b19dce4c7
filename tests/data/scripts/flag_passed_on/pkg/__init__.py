from ._compat import *
