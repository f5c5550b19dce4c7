import a
import helper
from pkg import core
