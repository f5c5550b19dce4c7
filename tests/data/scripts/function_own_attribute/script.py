import base
import numpy


class Net(base.Module):
    def __init__(self):
        self.size = 3

    def grown(self):
        return numpy.ones(self.size)
