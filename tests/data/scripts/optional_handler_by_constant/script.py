try:
    import tqdm
    HAVE_TQDM = True
except ImportError:
    HAVE_TQDM = False
import numpy
