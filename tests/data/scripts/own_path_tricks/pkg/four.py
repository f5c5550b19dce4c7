import h5py
