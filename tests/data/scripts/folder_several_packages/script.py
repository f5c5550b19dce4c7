import pkg, b
