import a

try:
    import b
except ImportError:
    b = None


def f():
    import c


class K:
    import d

    def m(self):
        import e


g = lambda: __import__("h")
