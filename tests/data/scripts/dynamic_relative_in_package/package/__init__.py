import importlib
from importlib import import_module

importlib.import_module('.one', __package__)
import_module('.two', package=__name__)


def load(name):
    return import_module('.' + name, __package__)
