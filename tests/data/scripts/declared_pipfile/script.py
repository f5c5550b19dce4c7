import numpy, pytest, yaml
