import importlib
import os

for one in sorted(["b1", "b2"]):
    importlib.import_module(one)
for number, two in enumerate(("c1", "c2")):
    importlib.import_module(two)
    importlib.import_module(f"{two}.part{number}")
for three, four in zip(["d1"], ["d2"]):
    importlib.import_module(three)
    importlib.import_module(four)
for five in reversed(list({"e1": 1}.keys())):
    __import__(five)
for six, seven in enumerate(["x1"], start=1):
    __import__(f"y{six}")

BACKENDS = {"fast": "f1", "slow": "f2"}


def backend(kind):
    return importlib.import_module(BACKENDS[kind])


def backend_or_default(kind):
    return importlib.import_module(BACKENDS.get(kind, "f3"))


importlib.import_module(BACKENDS.get("fast"))
importlib.import_module(os.environ.get("BACKEND", "g1"))
importlib.import_module(os.getenv("BACKEND") or "g2")
importlib.import_module(sorted())
for eight in enumerate():
    __import__(eight)
