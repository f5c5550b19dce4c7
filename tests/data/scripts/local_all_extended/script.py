from package import *
