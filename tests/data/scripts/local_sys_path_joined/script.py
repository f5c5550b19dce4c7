import sys
from os.path import abspath, dirname, join
from pathlib import Path

HERE = dirname(abspath(__file__))
sys.path.insert(0, join(HERE, "one"))
sys.path.append(str(Path(__file__).resolve().parent.joinpath("two")))
sys.path = [join(HERE, "three")] + sys.path
import first, second, third
