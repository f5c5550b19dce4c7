from importlib.util import find_spec

_jax = find_spec("jax") is not None


def has_jax():
    return _jax
