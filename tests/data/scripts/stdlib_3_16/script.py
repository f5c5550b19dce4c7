import tomllib, annotationlib, numpy
