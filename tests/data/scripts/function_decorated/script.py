import numba
import numpy as np
from parsl import python_app
import unused


@python_app(executors=["x"])
@numba.njit
def task(x=np.zeros(3)):
    return x
