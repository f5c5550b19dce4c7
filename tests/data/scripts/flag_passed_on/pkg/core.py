from . import dask

if dask is not None:
    import dask.array as da
    from distributed import Client
import numpy
