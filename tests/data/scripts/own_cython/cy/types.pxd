cimport h5py.defs
cdef class Box:
    cdef int x
