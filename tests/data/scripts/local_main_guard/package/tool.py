from . import other
from .data import x
import b
