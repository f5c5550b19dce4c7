import importlib

BACKENDS = {"one": "zq_one", "two": "zq_two.sub"}
for name, module in BACKENDS.items():
    print(name, importlib.import_module(module))
loaded = {alias: importlib.import_module(m) for m, alias in [("zq_three", "t"), ("zq_four", "f")]}
