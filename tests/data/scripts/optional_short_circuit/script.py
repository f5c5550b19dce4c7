import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

TYPE_CHECKING and __import__("n1")
TYPE_CHECKING or __import__("a1")
sys.platform == "win32" and __import__("n2")
sys.version_info >= (3, 8) or __import__("n3")
0 and __import__("n4")
find_spec("o1") and __import__("o1")
unknown and __import__("a2")
