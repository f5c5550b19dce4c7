import os, sys
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'one'))
sys.path.append(str(Path(__file__).parent / 'two'))
sys.path += [os.path.dirname(__file__) + '/three']
import first, second, third
