try:
    import cupy as np
except ImportError:
    import numpy as np
import unused


def task():
    return np.zeros(3)
