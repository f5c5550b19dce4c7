import functools
import importlib

getattr(importlib, "import_module")("zq_getattr")
later = functools.partial(importlib.import_module, "zq_partial")
getattr(importlib, "reload")(functools)
functools.partial(print, "zq_printed")
