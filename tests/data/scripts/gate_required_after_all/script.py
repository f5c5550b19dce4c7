from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy


def f():
    import numpy
