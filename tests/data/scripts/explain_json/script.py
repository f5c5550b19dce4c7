import numpy
from typing import TYPE_CHECKING

try:
    import yaml
except ImportError:
    yaml = None
if TYPE_CHECKING:
    import pandas


def f():
    import numpy.linalg
    import os
if False:
    import never
