import a
import b
import c
import d


def task(values):
    def inner():
        return c.x

    return [a.f(b) for b in values], lambda d: d.x
