import sys

sys.path.insert(0, 'vendor')
sys.path.append('lib')
import helper, other
