import numpy
import pandas
import scipy


def task(numpy):
    pandas = numpy.table()
    return pandas.x + scipy.y
