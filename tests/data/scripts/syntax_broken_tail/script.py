import a
from b import c


def f():
    import d
    return (1,
