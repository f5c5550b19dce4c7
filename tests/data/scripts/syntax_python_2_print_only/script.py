# usage
print "starting"
import numpy
from scipy import stats
