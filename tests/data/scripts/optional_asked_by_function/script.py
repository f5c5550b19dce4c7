from importlib.util import find_spec


def has_torch():
    return find_spec("torch") is not None


def is_there(name):
    return find_spec(name) is not None


def not_asking():
    return 1


if has_torch():
    import torch
if is_there("jax"):
    import jax
spec = find_spec("cupy")
found = spec is not None
if found:
    import cupy
if not_asking():
    import always
