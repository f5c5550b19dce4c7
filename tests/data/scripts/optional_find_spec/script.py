import importlib.util
from importlib.util import find_spec as spec

if importlib.util.find_spec("torch"):
    import torch
if spec("cupy") is not None:
    import cupy
    from cupyx import scipy
HAS_NUMBA = spec("numba") is not None
if HAS_NUMBA:
    import numba
available = importlib.util.find_spec("only.asked_for")
import always
