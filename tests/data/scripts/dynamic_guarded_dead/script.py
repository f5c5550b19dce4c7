import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    importlib.import_module("a")
if False:
    __import__("b")
else:
    __import__("c")
