import importlib


def import_or_none(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def required_import(name):
    return importlib.import_module(name)


class LazyImport:
    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self._name), attribute)
