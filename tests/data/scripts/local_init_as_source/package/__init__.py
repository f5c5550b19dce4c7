from .core import x
from . import util
import package.sub
