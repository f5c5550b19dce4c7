import sys

try:
    import tqdm
except ImportError:
    tqdm = None
else:
    import tqdm.auto
    import rich
finally:
    import attrs


def load(text):
    try:
        import orjson
        return orjson.loads(text)
    except ImportError:
        pass
    import simplejson
    return simplejson.loads(text)


def plot():
    try:
        import matplotlib
    except ImportError:
        return None
    import seaborn
    return seaborn


for name in sys.argv:
    try:
        import h5py
    except ImportError:
        continue
    import tables
