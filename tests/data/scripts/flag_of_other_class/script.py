import numpy

import asks
from compat import FLAGS, Features

if Features.gpu:
    import o1
if FLAGS["torch"] and all([Features.gpu]):
    import o2
if FLAGS.get("always"):
    import r1
