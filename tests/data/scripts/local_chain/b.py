import c, a
