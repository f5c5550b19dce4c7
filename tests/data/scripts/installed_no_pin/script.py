import thing_module
from other_thing import x
import os
