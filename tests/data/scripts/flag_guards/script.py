import importlib

try:
    import cupy as cp
    HAS = True
except ImportError:
    cp = None
    HAS = False
if cp is not None:
    from cupy import fuse
if HAS:
    import cupyx
if not HAS or not cp:
    import scipy
else:
    import o1
have_torch = False
try:
    import torch
    have_torch = True
except ImportError:
    pass
if have_torch == True and cp:
    import o2
try:
    import jax
    missing = None
except ImportError as error:
    missing = error
if missing is None:
    import o3
usable = have_torch and not missing
if usable:
    import o4


def has_dask():
    try:
        import dask
    except ImportError:
        return False
    return True


def available():
    return bool(HAS)


if has_dask():
    import o5
x = importlib.import_module("o6") if available() else None
if HAS or have_torch:
    import o7
if not HAS:
    import json
else:
    import o8
if scipy:
    import r1
