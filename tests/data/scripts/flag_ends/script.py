import sys

try:
    import numpy
    HAS_NUMPY = True
except ImportError:
    HAS_NUMPY = False
try:
    import yaml
except ImportError:
    yaml = None
try:
    import h5py
except ImportError:
    h5py = None
if not HAS_NUMPY:
    print("install numpy")
    sys.exit(1)
if yaml is None:
    raise SystemExit("install yaml")
assert h5py is not None
if HAS_NUMPY:
    import scipy
