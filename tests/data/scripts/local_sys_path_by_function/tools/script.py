import _paths
import settings
from inner.config import value
