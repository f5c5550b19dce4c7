from . import sibling
from .. import above
import a
