cimport h5py.defs
