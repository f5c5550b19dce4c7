import sys, os.path as osp
here = osp.dirname(osp.realpath(__file__))
if here not in sys.path:
    sys.path.append(osp.join(here, "lib"))
import three
