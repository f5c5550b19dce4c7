import importlib


def load(name):
    return importlib.import_module(f"plugin_host.{name}"), __import__("other_host." + name)
