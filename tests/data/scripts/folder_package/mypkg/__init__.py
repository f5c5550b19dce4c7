from mypkg.core import f
from . import util
