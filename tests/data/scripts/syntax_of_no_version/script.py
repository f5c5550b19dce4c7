import a
frobnicate a with b:
    pass
import c


def f():
    import d
