from . import core
import b
