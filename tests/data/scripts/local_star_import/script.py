from package import *
from other import *
