lazy import numpy
