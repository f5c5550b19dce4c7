import mypkg
from mypkg.core import x
