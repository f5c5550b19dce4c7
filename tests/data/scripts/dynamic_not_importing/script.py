def import_module(name):
    return open(name)


import_module("a")
loader.import_module("b")
self.__import__("c")


class K:
    def import_module(self, name):
        return self.import_module("d")
