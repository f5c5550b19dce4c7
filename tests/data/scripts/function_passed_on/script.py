import numpy
import unused


def key(x):
    return numpy.sum(x)


def task(values):
    return sorted(values, key=key)
