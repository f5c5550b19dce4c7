import random, numpy
