def f():
    from importlib import import_module as load

    return load("a")


class K:
    def __init__(self):
        import importlib

        self.load = importlib.import_module("b.c")
