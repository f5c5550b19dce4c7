import importlib
from importlib import import_module


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def required(name, extra=""):
    try:
        module = import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is missing: install {extra}") from error
    return module


def first_of(*names):
    for name in names:
        try:
            return __import__(name)
        except ImportError:
            continue


def part(module="o9", attribute=""):
    return getattr(import_module(module), attribute)


def passed_on(what):
    return required(f"{what}.core")


class Lazy:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self._name), attribute)


plt = optional("o1.pyplot")
yaml = required("r1", extra="x")
json = first_of("o2", "o3")
gamma = part(module="r2.special", attribute="gamma")
core = passed_on("r3")
np = Lazy("r4")
try:
    guarded = required("o4")
except ImportError:
    guarded = None
