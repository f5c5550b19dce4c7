import numba
import yaml
