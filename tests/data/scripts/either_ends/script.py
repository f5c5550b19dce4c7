import argparse
import os
import sys
from sys import exit as leave
from typing import NoReturn

parser = argparse.ArgumentParser()


def die(message):
    print(message, file=sys.stderr)
    raise SystemExit(1)


def never(message) -> NoReturn:
    os._exit(1)


try:
    import numpy
except ImportError:
    die("numpy")
try:
    import scipy
except ImportError:
    never("scipy")
try:
    import pandas
except ImportError:
    leave(1)
    print("never")
try:
    import yaml
except ImportError as error:
    if os.environ.get("DEBUG"):
        raise
    else:
        parser.error("yaml is missing")
try:
    import lxml
except ImportError:
    import rich
    rich.print("lxml is missing")
    sys.exit(1)


def late():
    try:
        import requests
    except ImportError:
        with open("log", "w") as log:
            log.write("no requests")
            raise


try:
    import h5py
except ImportError:
    import unittest
    raise unittest.SkipTest("h5py")
try:
    import tables
except ImportError as error:
    if os.environ.get("STRICT"):
        raise
