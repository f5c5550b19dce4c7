import a1, a2.deep as two; import a3
from b1.deep import x as y, z
from b2 import (
    c,  # a comment
    d as e,
)
from b3 import *
import \
    a4
if y: import c1
class K: import c2
