import numpy
import unused


class Base:
    def __init__(self):
        import attr


class Thing(Base):
    def work(self):
        return numpy.pi


def task():
    return Thing().work()
