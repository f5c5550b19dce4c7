import yaml
import scipy
