import numpy as np
import pandas
import yaml as unused
from scipy import stats


def helper(x):
    import joblib

    return deeper(x)


def deeper(x):
    return stats.norm(x)


def task(x):
    import requests

    return helper(np.array(x))


def other():
    import never
