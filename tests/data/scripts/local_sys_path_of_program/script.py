import os
import sys

sys.path = [os.path.join(os.path.dirname(__file__), "one"), *sys.path]
sys.path.insert(0, os.path.split(os.path.realpath(__file__))[0] + "/two")
sys.path.append(os.path.join(os.path.dirname(sys.argv[0]), "three"))
sys.path.append(os.path.join(sys.path[0], "four"))
import first, second, third, fourth
