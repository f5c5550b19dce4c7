import package.missing
from package import nothing
from .gone import x
