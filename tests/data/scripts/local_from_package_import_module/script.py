from package import sub, attribute
from package.deep import inner
