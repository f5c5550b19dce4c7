from . import _core
import _speed
import yaml
from ._later import x
