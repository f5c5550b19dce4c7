from ............................... import a
from ....b import c
import d
