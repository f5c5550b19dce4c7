import base
import other_base
import numpy
import unused


class Net(base.Module):
    def __init__(self):
        self.size = 3

    def forward(self):
        return self.size

    def grown(self):
        return numpy.ones(self.size)


class Deep(Net, other_base.Mixin):
    def work(self):
        return self.grown()

    def forward(self):
        return super().start()
