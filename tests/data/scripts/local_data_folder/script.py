import numpy, yaml
import data
