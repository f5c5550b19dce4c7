# cython: language_level=3
# distutils: language = c++
"""A module.

import not_this
"""
import numpy as np
cimport numpy as cnp
cimport cython
from libc.math cimport sqrt, exp
from libcpp.vector cimport vector
from scipy.linalg.cython_blas cimport (
    dgemm,
    dgemv,
)
from .types cimport Box
from cy import helper

cnp.import_array()

cdef extern from "thing.h" nogil:
    int thing(double *x, size_t n)

ctypedef fused number:
    float
    double

cdef class Holder:
    cdef public double[:, ::1] data

    def __cinit__(self, int n, *, double x=1.0):
        import pandas
        self.data = np.zeros((n, n))

@cython.boundscheck(False)
cpdef double f(double[:] x) except? -1:
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            x[i] = sqrt(x[i])
    return x[0]
