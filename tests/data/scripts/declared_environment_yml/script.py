import numpy, yaml
