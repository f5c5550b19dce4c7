import flags
import settings as s
from flags import HAS_CUPY

if HAS_CUPY:
    import cupyx
if not flags.HAS_CUPY:
    import numpy


def plot():
    if s.can_plot():
        import matplotlib


def train():
    if not s.TORCH:
        raise RuntimeError('no torch')
    import torchvision
