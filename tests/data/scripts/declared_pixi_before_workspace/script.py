import foo, numpy
