try:
    import a, b
except ImportError:
    pass
import a


def f():
    import c


try:
    import c
except ImportError:
    c = None
