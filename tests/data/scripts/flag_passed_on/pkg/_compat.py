from ._optional import dask
