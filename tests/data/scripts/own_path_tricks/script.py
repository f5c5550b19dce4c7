import pkg.a, pkg.b, pkg.c, pkg.d.e
