from mypkg.util import x
from ..core import f
import c
