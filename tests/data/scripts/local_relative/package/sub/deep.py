from ..top import x
from .side import y
from .. import other
from . import name_only
