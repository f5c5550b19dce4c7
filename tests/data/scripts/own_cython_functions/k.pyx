import numpy as np, pandas
cimport numpy as cnp, openmp
from cython.parallel import prange
ctypedef cnp.float64_t T
cdef inline T g(T x) nogil:
    return x
cdef class C:
    cpdef int h(self,
                int x) except -1:
        import attr
        return x
def f(cnp.ndarray[T, ndim=1] a not None):
    import scipy
    return g(a[0])
import tqdm
