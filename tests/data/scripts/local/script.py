import helper
import package.inside
import plain_folder.module
import compiled
import numpy
import data
import script
from . import sibling
from .deep import thing
from .missing import thing
from data import frame
if False:
    import unused
