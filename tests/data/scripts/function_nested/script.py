import numpy


def outer():
    import scipy

    def inner(x):
        import pandas

        return scipy.fft(numpy.array(x))

    return inner
