import importlib

for name in ("a1", "a2.sub"):
    importlib.import_module(name)
MODULES = ["b1", "b2"]
for name in MODULES:
    __import__(name)
loaded = [importlib.import_module(m) for m in ["c1", "c2"]]
