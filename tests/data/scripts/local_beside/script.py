import helper
import package.inside
import numpy
