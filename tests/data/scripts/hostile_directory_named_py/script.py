import thing
import numpy
