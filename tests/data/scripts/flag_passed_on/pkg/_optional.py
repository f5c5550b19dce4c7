try:
    import dask
except ImportError:
    dask = None
