import os
import sys
import pickle

import antigravity
import matplotlib


if __name__ == "__main__":
    print("example")
