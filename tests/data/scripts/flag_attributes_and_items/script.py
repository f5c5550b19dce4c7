import importlib.util

import numpy


class Compat:
    try:
        import cupy

        has_gpu = True
    except ImportError:
        has_gpu = False
    JAX = importlib.util.find_spec("jax") is not None


if Compat.has_gpu:
    import o1
if Compat.JAX:
    import o2
FEATURES = {}
try:
    import torch

    FEATURES["torch"] = True
except ImportError:
    FEATURES["torch"] = False
if FEATURES["torch"]:
    import o3
if FEATURES.get("torch", False):
    import o4
try:
    import dask

    HAS_DASK = True
except ImportError:
    HAS_DASK = False
WRITTEN = {"dask": HAS_DASK, "zarr": importlib.util.find_spec("zarr") is not None, "yes": True}
if WRITTEN["dask"]:
    import o5
if all([HAS_DASK, Compat.has_gpu]):
    import o6
if WRITTEN["yes"]:
    import r1


class Runner:
    def __init__(self):
        try:
            import faiss

            self.ready = True
        except ImportError:
            self.ready = False

    @staticmethod
    def has_ray():
        try:
            import ray
        except ImportError:
            return False
        return True

    @property
    def has_mpi(self):
        try:
            import mpi4py

            return True
        except ImportError:
            return False

    def run(self):
        if self.ready:
            import o7
        if self.has_ray() or Runner.has_ray():
            import o8
        if self.has_mpi:
            import o9
        import r2


class Needed:
    try:
        import h5py

        found = True
    except ImportError:
        found = False


if not Needed.found:
    raise SystemExit("h5py is missing")
