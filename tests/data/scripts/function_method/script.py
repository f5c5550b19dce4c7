import numpy
import pandas


class Model:
    import dill

    def fit(self, x):
        import sklearn

        return self.prepare(x)

    def prepare(self, x):
        return numpy.array(x)

    async def load(self):
        import aiohttp

    @staticmethod
    def plot():
        import matplotlib


def fit():
    import not_this_one
