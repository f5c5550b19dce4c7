from numpy import *
import pandas


def task():
    return zeros(3)
