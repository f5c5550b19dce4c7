import importlib


class Loader:
    NAME = "yaml"
    PLUGINS = ("plug_a", "plug_b")
    prefix = "pack"

    def load(self):
        return importlib.import_module(self.NAME)

    @classmethod
    def all(cls):
        return [importlib.import_module(f"{cls.prefix}.{one}") for one in cls.PLUGINS]

    def nested(self):
        def inner():
            return importlib.import_module(self.NAME + ".nodes")

        return inner

    def other(self):
        return importlib.import_module(self.unknown)


class Settings:
    BACKEND = "redis"
    loop = loop


importlib.import_module(Settings.BACKEND)
importlib.import_module(Settings.loop)
